-- stepRoom: write a step that was computed from a measurement, unless the line changed since: another worker's step,
-- other settings. The line is then left to the worker of the step for a while.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; measured: stepMs and version of the room as they were measured; fields:
--          values to write to the hash, stepMs and stepper with them; isCalling: whether serveRoom follows, which
--          publishes the line
-- RETURNS  JSON: isWritten; or refused: REBUILD where there is no such line
-- COST     O(fields)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include room
-- @include roomState

local room = roomKey(tag, request.event)
local line = redis.call('HMGET', room, 'generation', 'stepMs', 'version')
if tonumber(line[1] or nil) ~= request.generation then return refusal('REBUILD') end
local measured = request.measured
if tonumber(line[2]) ~= measured.stepMs or tonumber(line[3]) ~= measured.version then
  return cjson.encode({ isWritten = false })
end
local values = {}
for name, value in pairs(request.fields) do
  values[#values + 1] = name
  values[#values + 1] = value
end
redis.call('HSET', room, unpack(values))
if not request.isCalling then publishRoom(tag, request.event) end
return cjson.encode({ isWritten = true })
