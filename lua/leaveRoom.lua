-- leaveRoom: note that a visitor is gone: nobody waits for their turn, and if they were inside and booked nothing they make room.
-- KEYS[1]  roomStem         + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  roomHistoryStem  + event: sorted set of what serving was, by milliseconds
-- KEYS[3]  roomTakenStem    + event:generation:chunk: bitmap of positions that nobody has to wait for: let in, or left
-- KEYS[4]  roomLeftStem     + event:generation:chunk: bitmap of arrival numbers that left
-- KEYS[5]  roomUsesStem     + event:generation:chunk: four bits for each position, how often its admission was used
-- KEYS[6]  roomInsideStem   + event: hash of admissions by the ten seconds in which they end
-- ARGV[1]  event
-- ARGV[2]  generation  of the line
-- ARGV[3]  arrival     integer, arrival number
-- ARGV[4]  position    integer; 0 before the draw
-- RETURNS  1, or 0 where the visitor had left before; REBUILD where there is no such line
-- COST     O(log(entries of the history))
local roomStem, roomHistoryStem, roomTakenStem, roomLeftStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local roomUsesStem, roomInsideStem = KEYS[5], KEYS[6]
local event, generation, arrival, position = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- @include room

local line = redis.call('HMGET', roomStem .. event, 'generation', 'turnMs', 'admissionMs', 'terms')
if line[1] ~= generation then return 'REBUILD' end
if getMark(roomLeftStem, event, generation, arrival) then return 0 end
setMark(roomLeftStem, event, generation, arrival)
if position == 0 then return 1 end
if not getMark(roomTakenStem, event, generation, position) then
  setMark(roomTakenStem, event, generation, position)
  return 1
end
local cameMs = turnedMs(roomHistoryStem .. event, position)
local used = redis.call('BITFIELD', chunkKey(roomUsesStem, event, generation, position), 'GET', 'u4', '#' .. (position % CHUNK))[1]
if not cameMs or used > 0 then return 1 end
local terms = termsOf(readTerms(line[4], line[2], line[3]), position)
local bucket = bucketOf(cameMs + terms.turnMs + terms.admissionMs)
if tonumber(redis.call('HGET', roomInsideStem .. event, bucket) or 0) > 0 then
  redis.call('HINCRBY', roomInsideStem .. event, bucket, -1)
end
return 1
