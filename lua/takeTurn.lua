-- takeTurn: admit a visitor whose turn has come, once. A repeated call gets the same answer.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; position; arrival number
-- RETURNS  JSON: untilMs: Redis' time at which the admission ends; or refused: WAIT, PASSED, LEFT, CLOSED while the
--          sale is postponed, REBUILD where there is no such line
-- COST     O(log(entries of the history))
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include marks
-- @include room

local event, generation, position = request.event, request.generation, request.position
local room = roomKey(tag, event)
local taken = roomTakenStem(tag, event, generation)
local line = redis.call('HMGET', room, 'generation', 'serving', 'turnMs', 'admissionMs', 'drawn', 'terms', 'closed')
if tonumber(line[1] or nil) ~= generation then return refusal('REBUILD') end
if position > tonumber(line[2]) or line[5] ~= '1' then return refusal('WAIT') end
if hasMark(roomLeftStem(tag, event, generation), request.arrival) then return refusal('LEFT') end
if line[7] == '1' then return refusal('CLOSED') end
local beganMs = turnBeganMs(roomHistoryKey(tag, event), position)
if not beganMs then return refusal('PASSED') end
local terms = termsOf(parseTerms(line[6], line[3], line[4]), position)
local untilMs = beganMs + terms.turnMs + terms.admissionMs
local isTaken, nowMs = hasMark(taken, position), clockMs()
if nowMs >= (isTaken and untilMs or beganMs + terms.turnMs) then return refusal('PASSED') end
if not isTaken then
  setMark(taken, position)
  redis.call('HINCRBY', roomInsideKey(tag, event), bucketOf(untilMs), 1)
  redis.call('HINCRBY', room, 'came', 1)
end
return cjson.encode({ untilMs = untilMs })
