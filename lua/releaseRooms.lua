-- releaseRooms: leave lines to other workers at once, because the worker that stepped them last stops.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: stepper: the calling worker; events: whose rooms are not off
-- RETURNS  JSON: released: how many of the lines the worker had stepped last
-- COST     O(events)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys

local released = 0
for _, event in ipairs(request.events) do
  local room = roomKey(tag, event)
  if redis.call('HGET', room, 'stepper') == request.stepper then
    redis.call('HDEL', room, 'stepper')
    released = released + 1
  end
end
if released > 0 then redis.call('INCR', roomReleasesKey(tag)) end
return cjson.encode({ released = released })
