-- recountZone: sets a zone's counters to the bits of its bitmaps. Where the house is not open it does nothing.
-- KEYS[1]  tag         the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  zoneNumber
-- ARGV[3]  rows        integer, rows of the zone
-- RETURNS  integer, counters that were wrong
-- COST     O(rows x seats in a row / 8)
local tag, event, zoneNumber, rows = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

-- @include keys

if redis.call('EXISTS', houseKey(tag, event)) == 0 then return 0 end

local wrong = 0
for name, bitmapKey in pairs({ taken = seatsKey, held = heldKey, blocked = blockedKey }) do
  local field, bits = name .. ':' .. zoneNumber, 0
  for row = 1, rows do bits = bits + redis.call('BITCOUNT', bitmapKey(tag, rowName(event, zoneNumber, row))) end
  if tonumber(redis.call('HGET', countsKey(tag, event), field) or 0) ~= bits then
    redis.call('HSET', countsKey(tag, event), field, bits)
    wrong = wrong + 1
  end
end
return wrong
