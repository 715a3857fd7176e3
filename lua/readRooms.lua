-- readRooms: read waiting rooms for an API node that has had no message about them.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: events
-- RETURNS  JSON: nowMs: Redis' time; rooms: each line that is here, as lib/roomState.lua reads it
-- COST     O(events)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include roomState

local rooms = {}
for _, event in ipairs(request.events) do rooms[#rooms + 1] = readRoom(tag, event) end
return encodeRooms(rooms)
