-- recountZone: set a zone's counters to what its bitmaps have.
-- KEYS[1]  houseStem    + event: hash of the house: generation, zones, rows, each zone, settings, version; missing: nothing is counted
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  heldStem     + event:zone:row: bitmap, 1 = held
-- KEYS[4]  blockedStem  + event:zone:row: bitmap, 1 = blocked
-- KEYS[5]  countsStem   + event: hash of taken:zone, held:zone, blocked:zone
-- ARGV[1]  event
-- ARGV[2]  number       of the zone
-- ARGV[3]  rows         integer, that the zone has
-- RETURNS  integer, counters that were wrong
-- COST     O(rows x seats in a row / 8)
local houseStem, seatsStem, heldStem, blockedStem, countsStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local event, number, rows = ARGV[1], ARGV[2], tonumber(ARGV[3])

if redis.call('EXISTS', houseStem .. event) == 0 then return 0 end

local wrong = 0
for field, stem in pairs({ taken = seatsStem, held = heldStem, blocked = blockedStem }) do
  local bits = 0
  for row = 1, rows do bits = bits + redis.call('BITCOUNT', stem .. event .. ':' .. number .. ':' .. row) end
  if tonumber(redis.call('HGET', countsStem .. event, field .. ':' .. number) or 0) ~= bits then
    redis.call('HSET', countsStem .. event, field .. ':' .. number, bits)
    wrong = wrong + 1
  end
end
return wrong
