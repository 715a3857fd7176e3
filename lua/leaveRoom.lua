-- leaveRoom: note that a visitor left: no seat is kept for their turn, and inside they make room if they have booked nothing.
-- KEYS[1]  roomStem         + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  roomHistoryStem  + event: sorted set of what serving was, by milliseconds
-- KEYS[3]  roomTakenStem    + event:generation:chunk: bitmap of positions that were admitted or left
-- KEYS[4]  roomLeftStem     + event:generation:chunk: bitmap of arrival numbers that left
-- KEYS[5]  roomUsesStem     + event:generation:chunk: four bits for each position, how often its admission was used
-- KEYS[6]  roomInsideStem   + event: hash of admissions by the ten seconds in which they end
-- ARGV[1]  JSON: event; generation of the line; arrival number; position, absent before the draw
-- RETURNS  JSON: isNew: false where the visitor had left before; or refused: REBUILD where there is no such line
-- COST     O(log(entries of the history))
local roomStem, roomHistoryStem, roomTakenStem, roomLeftStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local roomUsesStem, roomInsideStem = KEYS[5], KEYS[6]
local request = cjson.decode(ARGV[1])

-- @include marks
-- @include room

local event, generation, position = request.event, request.generation, request.position
local insideKey = roomInsideStem .. event

-- The admission that a position has taken and not used, as the bucket that counts it; nil where there is none.
local function bucketOfUnused(line)
  local uses = chunkKey(marksOf(roomUsesStem, event, generation), position)
  if redis.call('BITFIELD', uses, 'GET', 'u4', '#' .. (position % CHUNK))[1] > 0 then return nil end
  local beganMs = turnBeganMs(roomHistoryStem .. event, position)
  local terms = termsOf(parseTerms(line[4], line[2], line[3]), position)
  return beganMs and bucketOf(beganMs + terms.turnMs + terms.admissionMs)
end

local line = redis.call('HMGET', roomStem .. event, 'generation', 'turnMs', 'admissionMs', 'terms')
if tonumber(line[1] or nil) ~= generation then return refusal('REBUILD') end
local left = marksOf(roomLeftStem, event, generation)
local isNew = not hasMark(left, request.arrival)
if isNew then
  setMark(left, request.arrival)
  local taken = position and marksOf(roomTakenStem, event, generation)
  if taken and not hasMark(taken, position) then
    setMark(taken, position)
  elseif taken then
    local bucket = bucketOfUnused(line)
    local inside = bucket and tonumber(redis.call('HGET', insideKey, bucket) or 0) or 0
    if inside > 0 then redis.call('HINCRBY', insideKey, bucket, -1) end
  end
end
return cjson.encode({ isNew = isNew })
