-- takeTurn: let a visitor in whose turn has come, once; who asks again gets the same answer.
-- KEYS[1]  roomStem         + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  roomHistoryStem  + event: sorted set of what serving was, by milliseconds
-- KEYS[3]  roomTakenStem    + event:generation:chunk: bitmap of positions that nobody has to wait for: let in, or left
-- KEYS[4]  roomLeftStem     + event:generation:chunk: bitmap of arrival numbers that left
-- KEYS[5]  roomInsideStem   + event: hash of admissions by the ten seconds in which they end
-- ARGV[1]  event
-- ARGV[2]  generation  of the line
-- ARGV[3]  position    integer
-- ARGV[4]  arrival     integer, arrival number
-- RETURNS  milliseconds of the admission's end; or WAIT, PASSED, LEFT, CLOSED while the sale is postponed; or REBUILD
--          where there is no such line
-- COST     O(log(entries of the history))
local roomStem, roomHistoryStem, roomTakenStem, roomLeftStem, roomInsideStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local event, generation, position, arrival = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- @include room

local room = roomStem .. event
local line = redis.call('HMGET', room, 'generation', 'serving', 'turnMs', 'admissionMs', 'drawn', 'terms', 'closed')
if line[1] ~= generation then return 'REBUILD' end
if position > tonumber(line[2]) or line[5] ~= '1' then return 'WAIT' end
if getMark(roomLeftStem, event, generation, arrival) then return 'LEFT' end
if line[7] == '1' then return 'CLOSED' end
local cameMs = turnedMs(roomHistoryStem .. event, position)
if not cameMs then return 'PASSED' end
local terms = termsOf(readTerms(line[6], line[3], line[4]), position)
local untilMs = cameMs + terms.turnMs + terms.admissionMs
if getMark(roomTakenStem, event, generation, position) then return nowMs < untilMs and untilMs or 'PASSED' end
if nowMs >= cameMs + terms.turnMs then return 'PASSED' end
setMark(roomTakenStem, event, generation, position)
redis.call('HINCRBY', roomInsideStem .. event, bucketOf(untilMs), 1)
redis.call('HINCRBY', roomStem .. event, 'came', 1)
return untilMs
