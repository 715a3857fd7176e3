-- roomState: reads a waiting room for API nodes, which answer polls from their memory, and publishes it to them.

-- @include keys
-- @include clock

-- A room: its event, the hash as room, and onSaleMs, holdMs and timeZone of the house as sale; nil where there is no
-- line.
local function readRoom(tag, event)
  local values, room = redis.call('HGETALL', roomKey(tag, event)), {}
  for i = 1, #values, 2 do room[values[i]] = values[i + 1] end
  if not room.generation then return nil end
  local house = redis.call('HMGET', houseKey(tag, event), 'onSaleMs', 'holdMs', 'timeZone')
  local sale = { onSaleMs = house[1] or nil, holdMs = house[2] or nil, timeZone = house[3] or nil }
  return { event = event, room = room, sale = sale }
end

local function encodeRooms(rooms) return cjson.encode({ nowMs = clockMs(), rooms = rooms }) end

local function publishRoom(tag, event)
  redis.call('PUBLISH', roomsChannel(tag), encodeRooms({ readRoom(tag, event) }))
end
