-- advanceRoom: one step of letting people in: measure, switch an automatic room, and propose how far turns may come. Whoever asks before the next step is due is told so.
-- KEYS[1]  sequence         integer, the last place given
-- KEYS[2]  settled          integer, tickets that have their outcome
-- KEYS[3]  waiting          BullMQ's list of waiting jobs
-- KEYS[4]  active           BullMQ's list of jobs under way
-- KEYS[5]  delayed          BullMQ's sorted set of jobs that are tried again later
-- KEYS[6]  houseStem        + event: hash of the house: generation, zones, rows, each zone, settings, version
-- KEYS[7]  countsStem       + event: hash of taken:zone, held:zone, blocked:zone
-- KEYS[8]  roomStem         + event: hash of the waiting room: settings, line, measurements
-- KEYS[9]  roomHistoryStem  + event: sorted set of what serving was, by milliseconds
-- KEYS[10] roomTakenStem    + event:generation:chunk: bitmap of positions that nobody has to wait for: let in, or left
-- KEYS[11] roomInsideStem   + event: hash of admissions by the ten seconds in which they end
-- ARGV[1]  event
-- ARGV[2]  generation  of the line
-- ARGV[3]  totalSeats  integer, of the house
-- ARGV[4]  steppedMs   milliseconds, the last step that PostgreSQL knows of
-- RETURNS  { now in milliseconds, serving, serving as proposed, joined, numbers, people or '', drawn, chain, milliseconds that the history
--          goes back }; EARLY; AHEAD where PostgreSQL's last step lies ahead of this Redis' clock and has to be dated
--          back first; or REBUILD where there is no such line, or an older one than PostgreSQL has
-- COST     O(zones + log(entries of the history) + people of the last minute / 8 bits of a byte)
local sequence, settled, waiting, active, delayed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local houseStem, countsStem, roomStem, roomHistoryStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local roomTakenStem, roomInsideStem = KEYS[10], KEYS[11]
local event, generation, totalSeats, steppedMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- @include room

local STEP_MS = 250
local MAX_STEP_MS = 1000 -- that one step makes up for
local MAX_STEPS = 2048 -- entries of the history: longer turns make steps rarer
local START_RATE = 20 -- people a second, while nothing was measured
local CALLED_SECONDS = 3 -- of what the queue drains: so many may be on their way, for they may all come at once
local ASSUMED_DRAIN = 1000 -- tickets a second, as domain/drain.ts has it
local OVER = 1.25 -- of what the queue was seen to drain: no more people are let in, for then nothing shows that they could be served
local FAST, SLOW = 0.4, 0.1 -- growth of the rate in a second, below and above where the queue last showed a delay
local FEW = 4 -- tickets on the queue that are no delay
local CALM_MS = 30000
local ASSUMED_VISITORS = 20 -- taken to have got a seat each, until more was seen
-- of a turn, and at the most: a visitor who has not come by then is not counted on
local LATE_SHARE, LATE_MS = 0.6, 36000
-- times a limit of people: no more are inside or may come, however many of those called before did not come
local OVERBOOKED = 2
-- in one request, MAX_SEATS_PER_REQUEST of the contract: so many each of these may have got as well
local MOST_SEATS = 5

local room, history = roomStem .. event, roomHistoryStem .. event
local fields = redis.call('HGETALL', room)
local line = {}
for i = 1, #fields, 2 do line[fields[i]] = fields[i + 1] end
if line.generation ~= generation then return 'REBUILD' end
local function number(name, fallback) return tonumber(line[name]) or fallback or 0 end

if number('stepMs') < steppedMs then return 'REBUILD' end -- Redis is back with old data
if steppedMs > nowMs + MAX_AHEAD_MS then return 'AHEAD' end

local terms = readTerms(line.terms, line.turnMs, line.admissionMs)
local windowMs = windowOf(terms)
local stepMs = math.max(STEP_MS, windowMs / MAX_STEPS)
local sinceMs = nowMs - number('stepMs')
if number('stepMs') > nowMs + MAX_AHEAD_MS then
  dateBack(history)
  sinceMs = stepMs
end
if sinceMs < stepMs then return 'EARLY' end
local seconds = math.min(sinceMs, MAX_STEP_MS) / 1000
local joined, serving = number('joined'), number('serving')

-- Every called visitor has the full turn from now on.
local function beginTurns()
  redis.call('ZREMRANGEBYRANK', history, 1, -1)
  if tonumber(redis.call('ZRANGE', history, 0, 0)[1] or 0) < serving then
    redis.call('ZADD', history, nowMs, serving)
  end
end

-- Takes back all turns and admissions that are not over, at each step: none of them runs while the sale is postponed.
local function takeTurnsBack()
  if line.closed ~= '1' then
    local over = servingAt(history, nowMs - windowMs)
    redis.call('DEL', history)
    redis.call('ZADD', history, 0, over)
    clearMarks(roomTakenStem, event, generation, over + 1, serving)
    local inside = 0
    local buckets = redis.call('HVALS', roomInsideStem .. event)
    for i = 1, #buckets do inside = inside + buckets[i] end
    redis.call('DEL', roomInsideStem .. event)
    line.back = number('back') + inside
    redis.call('HSET', room, 'closed', 1, 'back', line.back)
  end
  beginTurns()
end

-- The booking queue: how many wait, how fast it drains, and what that is in seconds. Only while jobs wait for a worker the pace is
-- all that workers can do.
local given, gone = tonumber(redis.call('GET', sequence) or 0), tonumber(redis.call('GET', settled) or 0)
local busy = redis.call('LLEN', waiting) + redis.call('ZCARD', delayed) > 0
local isEmpty = not busy and redis.call('LLEN', active) == 0
local backlog = isEmpty and 0 or math.max(0, given - gone)
local drain = number('drain', ASSUMED_DRAIN)
local faded = 0.5 ^ (seconds / 2) -- a step that happens to see two batches end is no proof of twice the pace
local pace = number('pace') * faded + math.max(0, gone - number('settled', gone)) / seconds * (1 - faded)
if busy and line.busy == '1' then
  local kept = (line.ceiling and 0.25 or 0.1) ^ seconds -- until the first delay was met, what is measured counts for more
  drain = math.max(1, drain * kept + pace * (1 - kept))
else
  drain = math.max(drain, pace)
end
local eta = backlog <= FEW and 0 or backlog / drain
local limit = number('etaLimitMs') / 1000

-- The house: when it is on sale, and which seats are left.
local house = redis.call('HMGET', houseStem .. event, 'onSaleMs', 'paused')
local onSaleMs = tonumber(house[1] or nil)
local taken, held = 0, 0
local counts = redis.call('HGETALL', countsStem .. event)
for i = 1, #counts, 2 do
  local what = string.byte(counts[i])
  if what == 116 then taken = taken + counts[i + 1] elseif what == 104 then held = held + counts[i + 1] end
end
local free = totalSeats - taken
local people = closeLine(room, line.people, joined, onSaleMs)
local drawn = people and (people == 0 or line.drawn == '1')

-- A postponed sale takes back the turns that run: they begin anew with the sale.
local beforeSale = onSaleMs and nowMs < onSaleMs
if beforeSale and serving > 0 then
  takeTurnsBack()
elseif line.closed == '1' then
  beginTurns()
  redis.call('HDEL', room, 'closed')
end

-- The people: let in and not done, and those whose turn it is and who have not come.
local inside = 0
local buckets = redis.call('HGETALL', roomInsideStem .. event)
for i = 1, #buckets, 2 do
  if tonumber(buckets[i]) < bucketOf(nowMs) then
    redis.call('HDEL', roomInsideStem .. event, buckets[i])
  else
    inside = inside + buckets[i + 1]
  end
end
-- A visitor who polls at the given time comes within half of the turn: the others are late, and their share estimates
-- how many of the called will not come.
local turnsFrom = turnsOver(history, terms, 1, math.huge)
local calledFrom = turnsOver(history, terms, LATE_SHARE, LATE_MS)
local before, called = calledFrom - turnsFrom, serving - calledFrom
local late = before - countMarks(roomTakenStem, event, generation, turnsFrom + 1, calledFrom)
local awaited = called - countMarks(roomTakenStem, event, generation, calledFrom + 1, serving)
local offered = late + awaited
local missing = number('missing')
if before >= ASSUMED_VISITORS then
  missing = late / before
else -- too few at once for a share: each of those who became late since the last step, or came, moves it a little
  local judgedFrom = math.min(math.max(number('judged'), turnsFrom), calledFrom)
  local judged = calledFrom - judgedFrom
  local absent = judged - countMarks(roomTakenStem, event, generation, judgedFrom + 1, calledFrom)
  missing = (missing * (ASSUMED_VISITORS - judged) + absent) / ASSUMED_VISITORS
end
local coming = math.max(0, awaited - missing * called)
local done = math.max(0, serving - number('base') - inside - offered)
local seatsEach = (number('got') + ASSUMED_VISITORS) / (done + ASSUMED_VISITORS)
-- Of those who came alone: who left the line is done at once, and would count for more than one's share in front of a long turn.
local visitorsDone = math.max(0, number('came') - number('back') - inside)
local seatsOfWhoCame = (number('got') + ASSUMED_VISITORS) / (visitorsDone + ASSUMED_VISITORS)

-- The most seats that each in the line may take, as far as is known: nobody further back is sure of a seat.
local seatsMost = math.max((number('got') + MOST_SEATS * ASSUMED_VISITORS) / (done + ASSUMED_VISITORS), seatsOfWhoCame)

-- Whether the room is on.
local wasOn = line.on == '1'
local on, calmMs = line.mode == 'on', 0
if line.mode == 'auto' then
  if not wasOn or beforeSale or joined > serving or eta > limit / 4 then
    on = wasOn or beforeSale or eta > limit
  else
    calmMs = number('calmMs') > 0 and math.min(number('calmMs'), nowMs) or nowMs
    on = nowMs - calmMs < CALM_MS
  end
end

-- The rate, people a second.
local rate, ceiling, growth = number('rate'), number('ceiling', math.huge), 0
if rate == 0 or (on and not wasOn) then rate = line.ceiling and drain * 0.8 or START_RATE end
if eta > limit / 4 then
  rate = math.min(rate, drain * (eta > limit / 2 and 0.5 or 0.9))
  ceiling = drain * 0.9
elseif eta < limit / 8 then
  growth = rate < ceiling and FAST or SLOW
  if line.used == '1' then rate = rate * (1 + growth) ^ seconds end
end
rate = math.min(rate, OVER * drain)
local top = math.min(ceiling, OVER * drain)
local perMinute, insideLimit = number('perMinute'), number('insideLimit')
rate = math.max(rate, 1)
-- so that perMinute visitors come
local calledMost = perMinute / 60 * math.min(OVERBOOKED, 1 / math.max(1 - missing, 0.01))
if perMinute > 0 then rate, top = math.min(rate, calledMost), math.min(top, calledMost) end

-- How many: what the rate allows, and as many as there are people, room inside and seats.
local byRate = rate * seconds + number('carry')
local bySeats = math.ceil(free / math.max(1, seatsOfWhoCame) - inside - coming)
local most = math.min(joined - serving, bySeats, math.ceil(CALLED_SECONDS * math.max(drain, ASSUMED_DRAIN) - coming))
-- Operators' limits count people: all who may still come count in full, also late ones.
local function mayCome(left, ofCalled) return math.ceil(math.max(0, left - missing * ofCalled)) end
if insideLimit > 0 then
  most = math.min(
    most,
    insideLimit - inside - mayCome(offered, before + called),
    OVERBOOKED * insideLimit - inside - awaited
  )
end
if perMinute > 0 then
  local minuteFrom = servingAt(history, nowMs - 60000)
  local openFrom = math.max(minuteFrom, turnsFrom)
  local came = countMarks(roomTakenStem, event, generation, minuteFrom + 1, serving)
  local left = serving - openFrom - countMarks(roomTakenStem, event, generation, openFrom + 1, serving)
  most = math.min(most, perMinute - came - mayCome(left, serving - openFrom), OVERBOOKED * perMinute - came - awaited)
end
local open = on and drawn and onSaleMs and not beforeSale and house[2] ~= '1' and line.paused ~= '1'
local more = open and math.max(0, math.min(math.floor(byRate), most)) or 0
local used = open and byRate <= most
local carry = used and byRate - more or 0

faded = 0.5 ^ (seconds / 5)
local speed = number('speed') * faded + math.max(0, serving - number('before', serving)) / seconds * (1 - faded)
-- A rate that is not used was never tried: kept, it would let a crowd in at once when whatever held it back gives way.
if open and not used then rate = math.min(rate, math.max(2 * speed, START_RATE)) end
redis.call(
  'HSET', room, 'stepMs', nowMs, 'settled', gone, 'pace', pace, 'busy', busy and 1 or 0,
  'drain', drain, 'eta', eta, 'free', free, 'sold', (free <= 0 and held <= 0) and 1 or 0, 'inside', inside, 'offered', offered,
  'missing', missing, 'spare', free - (inside + coming) * seatsOfWhoCame, 'seatsEach', seatsEach, 'on', on and 1 or 0, 'calmMs', calmMs, 'rate', rate, 'carry', carry, 'used', used and 1 or 0,
  'before', serving, 'speed', speed, 'growth', growth, 'top', top,
  'limit', perMinute > 0 and calledMost or 0, 'seatsMost', seatsMost, 'judged', calledFrom
)
if ceiling ~= math.huge then redis.call('HSET', room, 'ceiling', ceiling) end
return {
  nowMs, serving, serving + more, joined, number('numbers'), people or '', drawn and 1 or 0, line.chain, windowMs,
}
