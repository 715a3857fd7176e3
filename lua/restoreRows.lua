-- restoreRows: write rows of a zone of a house that is not open, exactly as PostgreSQL has them: bits, locks, counters, index.
-- KEYS[1]  houseStem    + event: hash of generation, zones, rows and each zone; there: the house is open, nothing is written
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[4]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[5]  takenStem    + event: hash of zone, seats taken
-- ARGV[1]  event
-- ARGV[2]  number       of the zone
-- ARGV[3]  firstRow     house-wide index, from 0, of the zone's row 1
-- ARGV[4]  from         integer, the first row of these; 1 starts the zone's counter anew
-- ARGV[5]  to           integer, the last row of these
-- ARGV[6]  seats        integer, in each row
-- ARGV[7..] for each seat that is taken: row, seat (from 1), id of the ticket that owns it
-- RETURNS  1, or 0 if the house is open
-- COST     O(seats of these rows)
local houseStem, seatsStem, lockStem, fullStem, takenStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local event, number = ARGV[1], ARGV[2]
local firstRow, from, to, seats = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- @include row

if redis.call('EXISTS', houseStem .. event) == 1 then return 0 end

local owners = {}
for row = from, to do owners[row] = {} end
for i = 7, #ARGV, 3 do owners[tonumber(ARGV[i])][tonumber(ARGV[i + 1])] = ARGV[i + 2] end

local taken = 0
for row = from, to do
  local place = event .. ':' .. number .. ':' .. row
  local bytes, free = {}, {}
  for at = 1, math.ceil(seats / 8) do bytes[at] = 0 end
  for seat = 1, seats do
    local lock = lockStem .. place .. ':' .. seat
    local owner = owners[row][seat]
    if owner then
      redis.call('SET', lock, owner)
      local at = math.ceil(seat / 8)
      bytes[at] = bytes[at] + MASKS[(seat - 1) % 8 + 1]
      taken = taken + 1
    else
      free[#free + 1] = lock
    end
  end
  if #free > 0 then redis.call('DEL', unpack(free)) end
  local bits = string.char(unpack(bytes))
  redis.call('SET', seatsStem .. place, bits)
  local _, lengths = freeRuns(bits, seats)
  local longest = longestOf(lengths)
  for count = 1, MAX_RUN do
    redis.call('SETBIT', fullStem .. event .. ':' .. count, firstRow + row - 1, longest < count and 1 or 0)
  end
end
if from == 1 then redis.call('HSET', takenStem .. event, number, 0) end
redis.call('HINCRBY', takenStem .. event, number, taken)
return 1
