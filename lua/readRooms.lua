-- readRooms: read waiting rooms for an API node, which answers polls from its memory.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: events
-- RETURNS  JSON: nowMs: Redis' time; rooms: for each line that is here its event, the hash as room, and onSaleMs,
--          holdMs and timeZone of the house as sale
-- COST     O(events)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include room

local rooms = {}
for _, event in ipairs(request.events) do
  local values, room = redis.call('HGETALL', roomKey(tag, event)), {}
  for i = 1, #values, 2 do room[values[i]] = values[i + 1] end
  if room.generation then
    local house = redis.call('HMGET', houseKey(tag, event), 'onSaleMs', 'holdMs', 'timeZone')
    local sale = { onSaleMs = house[1] or nil, holdMs = house[2] or nil, timeZone = house[3] or nil }
    rooms[#rooms + 1] = { event = event, room = room, sale = sale }
  end
end
return cjson.encode({ nowMs = clockMs(), rooms = rooms })
