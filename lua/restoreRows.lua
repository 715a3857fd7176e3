-- restoreRows: write rows of a zone of a house that is not open, exactly as PostgreSQL has them: bits, locks, counters, index.
-- KEYS[1]  houseStem    + event: hash of the house: generation, zones, rows, each zone, settings, version; there: the house is open, nothing is written
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  heldStem     + event:zone:row: bitmap, 1 = held
-- KEYS[4]  blockedStem  + event:zone:row: bitmap, 1 = blocked
-- KEYS[5]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[6]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[7]  neatStem     + event:count: bitmap of rows, 1 = no such run left that leaves no single seat
-- KEYS[8]  countsStem   + event: hash of taken:zone, held:zone, blocked:zone
-- KEYS[9]  changesStem  + event: channel of an event's seats; a message is a version, then statuses and labels
-- ARGV[1]  event
-- ARGV[2]  number       of the zone
-- ARGV[3]  firstRow     house-wide index, from 0, of the zone's row 1
-- ARGV[4]  from         integer, the first row of these; 1 starts the zone's counters anew
-- ARGV[5]  to           integer, the last row of these
-- ARGV[6]  seats        integer, in each row
-- ARGV[7]  avoidSingles 1 where the event avoids single seats
-- ARGV[8]  holdLockMs   integer, milliseconds that the lock of a held seat lasts
-- ARGV[9..] for each seat that is taken: row, seat (from 1), id of the ticket that owns it, status: HELD, SOLD or BLOCKED
-- RETURNS  1, or 0 if the house is open
-- COST     O(seats of these rows)
local houseStem, seatsStem, heldStem, blockedStem, lockStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fullStem, neatStem, countsStem, changesStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local event, number = ARGV[1], ARGV[2]
local firstRow, from, to, seats = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local avoidSingles, holdLockMs = ARGV[7] == '1', ARGV[8]

-- @include row

if redis.call('EXISTS', houseStem .. event) == 1 then return 0 end

local owners = {}
for row = from, to do owners[row] = {} end
for i = 9, #ARGV, 4 do owners[tonumber(ARGV[i])][tonumber(ARGV[i + 1])] = { id = ARGV[i + 2], status = ARGV[i + 3] } end

local function emptyBytes()
  local bytes = {}
  for at = 1, math.ceil(seats / 8) do bytes[at] = 0 end
  return bytes
end

-- Writes a bitmap of a row, or none where no bit is set: few rows have held or blocked seats.
local function writeMarks(key, bytes, marks)
  if marks == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, string.char(unpack(bytes)))
  end
end

local taken, held, blocked = 0, 0, 0
for row = from, to do
  local place = event .. ':' .. number .. ':' .. row
  local bytes, heldBytes, blockedBytes, free = emptyBytes(), emptyBytes(), emptyBytes(), {}
  local heldHere, blockedHere = 0, 0
  for seat = 1, seats do
    local lock = lockStem .. place .. ':' .. seat
    local owner = owners[row][seat]
    if owner then
      local at, mask = math.ceil(seat / 8), MASKS[(seat - 1) % 8 + 1]
      bytes[at] = bytes[at] + mask
      taken = taken + 1
      if owner.status == 'HELD' then
        redis.call('SET', lock, owner.id, 'PX', holdLockMs)
        heldBytes[at] = heldBytes[at] + mask
        heldHere = heldHere + 1
      else
        redis.call('SET', lock, owner.id)
        if owner.status == 'BLOCKED' then
          blockedBytes[at] = blockedBytes[at] + mask
          blockedHere = blockedHere + 1
        end
      end
    else
      free[#free + 1] = lock
    end
  end
  if #free > 0 then redis.call('DEL', unpack(free)) end
  local bits = string.char(unpack(bytes))
  redis.call('SET', seatsStem .. place, bits)
  writeMarks(heldStem .. place, heldBytes, heldHere)
  writeMarks(blockedStem .. place, blockedBytes, blockedHere)
  held, blocked = held + heldHere, blocked + blockedHere
  local starts, lengths = freeRuns(bits, seats)
  local longest = longestOf(lengths)
  local rowIndex = firstRow + row - 1
  for count = 1, MAX_RUN do
    redis.call('SETBIT', fullStem .. event .. ':' .. count, rowIndex, longest < count and 1 or 0)
  end
  if avoidSingles then indexNeat(event, rowIndex, starts, lengths, seats) end
end
local counts = countsStem .. event
if from == 1 then redis.call('HSET', counts, 'taken:' .. number, 0, 'held:' .. number, 0, 'blocked:' .. number, 0) end
redis.call('HINCRBY', counts, 'taken:' .. number, taken)
redis.call('HINCRBY', counts, 'held:' .. number, held)
redis.call('HINCRBY', counts, 'blocked:' .. number, blocked)
return 1
