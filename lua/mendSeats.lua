-- mendSeats: make seats belong to whom PostgreSQL says they belong. Mending only sets bits, it never clears one.
-- KEYS[1]  houseStem    + event: hash of generation, zones, rows and each zone; missing: nothing is mended
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[4]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[5]  takenStem    + event: hash of zone, seats taken
-- ARGV[1]  event
-- ARGV[2..] for each seat: id of the ticket that owns it, zone, row, seat (from 1)
-- RETURNS  integer, bits that were set
-- COST     O(seats x seats in a row / 8)
local houseStem, seatsStem, lockStem, fullStem, takenStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local event = ARGV[1]

-- @include row

local mended = 0
for i = 2, #ARGV, 4 do
  local id, number, row, seat = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local place = event .. ':' .. number .. ':' .. row
  local zone = readZone(houseStem, event, number)
  if zone then
    redis.call('SET', lockStem .. place .. ':' .. seat, id)
    local _, before = freeRuns(redis.call('GET', seatsStem .. place) or '', zone.seats)
    if redis.call('SETBIT', seatsStem .. place, seat - 1, 1) == 0 then
      redis.call('HINCRBY', takenStem .. event, number, 1)
      local _, after = freeRuns(redis.call('GET', seatsStem .. place), zone.seats)
      indexRow(fullStem, event, zone.first + row - 1, longestOf(before), longestOf(after))
      mended = mended + 1
    end
  end
end
return mended
