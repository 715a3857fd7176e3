-- mendSeats: make seats belong to whom PostgreSQL says they belong, as what it says. Mending only takes seats, it never frees one.
-- KEYS[1]  houseStem    + event: hash of the house: generation, zones, rows, each zone, settings, version; missing: the answer is REBUILD
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  heldStem     + event:zone:row: bitmap, 1 = held
-- KEYS[4]  blockedStem  + event:zone:row: bitmap, 1 = blocked
-- KEYS[5]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[6]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[7]  neatStem     + event:count: bitmap of rows, 1 = no such run left that leaves no single seat
-- KEYS[8]  countsStem   + event: hash of taken:zone, held:zone, blocked:zone
-- KEYS[9]  changesStem  + event: channel of an event's seats; a message is a version, then statuses and labels
-- ARGV[1]  event
-- ARGV[2]  holdLockMs   integer, milliseconds that the lock of a held seat lasts
-- ARGV[3..] for each seat: id of the ticket that owns it, zone, row, seat (from 1), status: HELD, SOLD or BLOCKED
-- RETURNS  integer, bits that were set; or REBUILD, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local houseStem, seatsStem, heldStem, blockedStem, lockStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fullStem, neatStem, countsStem, changesStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local event, holdLockMs = ARGV[1], ARGV[2]

-- @include row

if redis.call('EXISTS', houseStem .. event) == 0 then return 'REBUILD' end

local avoidSingles = redis.call('HGET', houseStem .. event, 'avoidSingles') == '1'
local mended = 0
for i = 3, #ARGV, 5 do
  local id, number, row, seat, status = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), ARGV[i + 4]
  local zone = readZone(event, number)
  if zone then
    local lock = lockStem .. event .. ':' .. number .. ':' .. row .. ':' .. seat
    if status == 'HELD' then
      redis.call('SET', lock, id, 'PX', holdLockMs)
    else
      redis.call('SET', lock, id)
    end
    mended = mended + markSeat(event, zone, row, seat, status, avoidSingles)
  end
end
settleRows()
settleCounts()
publishChanges()
return mended
