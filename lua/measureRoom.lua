-- measureRoom: bring a line up to date with the sale, and read all that its next step depends on. Reading again changes
-- nothing.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; stepper: the calling worker; steppedMs: Redis' time of the last step
--          that PostgreSQL knows; lateShare and lateMs: a called visitor is late after this share of the turn, or so
--          many milliseconds
-- RETURNS  JSON: nowMs; sinceMs: milliseconds since the last step; nextMs: milliseconds between two steps; windowMs:
--          milliseconds that the history covers; room: the hash; queue, sale, inside, turns: as RoomMeasurement of
--          shared/domain/admission-rate.ts. Or refused: EARLY with forMs: milliseconds until this worker may step, for
--          the line is left to the worker that stepped it last for a while; AHEAD where PostgreSQL's last step lies
--          ahead of this Redis' clock and must be dated back first; REBUILD where there is no such line, or an older
--          one than PostgreSQL has
-- COST     O(zones + log(entries of the history) + people of the last minute / 8 bits of a byte)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include marks
-- @include room

-- @constants STEP_LEASE_MS

local STEP_MS = 250
local MAX_STEPS = 2048 -- entries of the history: longer turns make steps rarer

local nowMs = clockMs()
local event = request.event
local room, history, insideKey = roomKey(tag, event), roomHistoryKey(tag, event), roomInsideKey(tag, event)
local taken = roomTakenStem(tag, event, request.generation)

local function readHash(key)
  local values, hash = redis.call('HGETALL', key), {}
  for i = 1, #values, 2 do hash[values[i]] = values[i + 1] end
  return hash
end

-- Lets every called visitor have the full turn from now on.
local function restartTurns(serving)
  redis.call('ZREMRANGEBYRANK', history, 1, -1)
  local first = tonumber(redis.call('ZRANGE', history, 0, 0)[1] or 0)
  if first < serving then redis.call('ZADD', history, nowMs, serving) end
end

-- Takes back all turns and admissions that still run. None of them runs while the sale is postponed.
local function postponeTurns(line, serving, windowMs)
  if line.closed ~= '1' then
    local over = servingAt(history, nowMs - windowMs)
    redis.call('DEL', history)
    redis.call('ZADD', history, 0, over)
    clearMarks(taken, over + 1, serving)
    local takenBack = tonumber(line.back) or 0
    for _, admissions in ipairs(redis.call('HVALS', insideKey)) do takenBack = takenBack + admissions end
    redis.call('DEL', insideKey)
    redis.call('HSET', room, 'closed', 1, 'back', takenBack, 'revokedMs', nowMs)
  end
  restartTurns(serving)
end

local function readQueue()
  return {
    accepted = tonumber(redis.call('GET', sequenceKey(tag)) or 0),
    settled = tonumber(redis.call('GET', settledKey(tag)) or 0),
    hasWaiting = redis.call('LLEN', waitingKey(tag))
        + redis.call('ZCARD', prioritizedKey(tag))
        + redis.call('ZCARD', delayedKey(tag))
      > 0,
    hasActive = redis.call('LLEN', activeKey(tag)) > 0,
  }
end

local function readSale(house)
  local sale = { onSaleMs = tonumber(house[1] or nil), isPaused = house[2] == '1', seatsTaken = 0, seatsHeld = 0 }
  for name, seats in pairs(readHash(countsKey(tag, event))) do
    if string.sub(name, 1, 6) == 'taken:' then sale.seatsTaken = sale.seatsTaken + seats end
    if string.sub(name, 1, 5) == 'held:' then sale.seatsHeld = sale.seatsHeld + seats end
  end
  return sale
end

-- Counts the admitted visitors who are not done, and forgets admissions that have ended.
local function countInside()
  local inside = 0
  for bucket, admissions in pairs(readHash(insideKey)) do
    if tonumber(bucket) < bucketOf(nowMs) then
      redis.call('HDEL', insideKey, bucket)
    else
      inside = inside + admissions
    end
  end
  return inside
end

-- The last position of which this share of the turn is over, or so many milliseconds, as for all positions before it.
local function turnsOver(terms, share, mostMs)
  local over = 0
  for i = 1, #terms do
    local overMs = math.min(share * terms[i].turnMs, mostMs)
    over = math.min(math.max(over, servingAt(history, nowMs - overMs)), terms[i].upTo)
    if over < terms[i].upTo then return over end
  end
end

-- The called visitors after one position and up to another, and those of them who have neither come nor left.
local function countCalled(after, upTo)
  local visitors = upTo - after
  return { visitors = visitors, absent = visitors - countMarks(taken, after + 1, upTo) }
end

local function readTurns(terms, serving, judgedPosition)
  local over = turnsOver(terms, 1, math.huge)
  local late = turnsOver(terms, request.lateShare, request.lateMs)
  local minute = servingAt(history, nowMs - 60000)
  return {
    latePosition = late,
    late = countCalled(over, late),
    awaited = countCalled(late, serving),
    newlyLate = countCalled(math.min(math.max(judgedPosition, over), late), late),
    lastMinute = {
      came = countMarks(taken, minute + 1, serving),
      open = countCalled(math.max(minute, over), serving),
    },
  }
end

local line = readHash(room)
if tonumber(line.generation) ~= request.generation then return refusal('REBUILD') end
local lastStepMs = tonumber(line.stepMs) or 0
if lastStepMs < request.steppedMs then return refusal('REBUILD') end -- Redis is back with old data
if request.steppedMs > nowMs + MAX_NOTED_AHEAD_MS then return refusal('AHEAD') end

local terms = parseTerms(line.terms, line.turnMs, line.admissionMs)
local windowMs = windowOf(terms)
local stepMs = math.max(STEP_MS, windowMs / MAX_STEPS)
local sinceMs = nowMs - lastStepMs
local dueMs = stepMs
if lastStepMs > nowMs + MAX_NOTED_AHEAD_MS then
  dateBack(history, nowMs)
  sinceMs = stepMs
elseif line.stepper and line.stepper ~= request.stepper then
  dueMs = stepMs + STEP_LEASE_MS
end
local forMs = dueMs - sinceMs
if forMs > 0 then return cjson.encode({ refused = 'EARLY', forMs = forMs }) end

local serving = tonumber(line.serving)
local sale = readSale(redis.call('HMGET', houseKey(tag, event), 'onSaleMs', 'paused'))
closeLine(room, line.people, tonumber(line.joined), sale.onSaleMs, nowMs)
if sale.onSaleMs and nowMs < sale.onSaleMs and serving > 0 then
  postponeTurns(line, serving, windowMs)
elseif line.closed == '1' then
  restartTurns(serving)
  redis.call('HDEL', room, 'closed')
end

return cjson.encode({
  nowMs = nowMs,
  sinceMs = sinceMs,
  nextMs = stepMs,
  windowMs = windowMs,
  queue = readQueue(),
  sale = sale,
  inside = countInside(),
  turns = readTurns(terms, serving, tonumber(line.judged) or 0),
  room = readHash(room),
})
