-- renewLocks: let the locks of a ticket's seats last for another time, or for ever: then they are sold. Only what the ticket still owns.
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
-- ARGV[2..] for each seat: ticket id, zone, row, seat (from 1), milliseconds from now or 0 for ever
-- RETURNS  integer, locks that were renewed; or REBUILD, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local houseStem, seatsStem, heldStem, blockedStem, lockStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fullStem, neatStem, countsStem, changesStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local event = ARGV[1]

-- @include row

if redis.call('EXISTS', houseStem .. event) == 0 then return 'REBUILD' end

local avoidSingles = redis.call('HGET', houseStem .. event, 'avoidSingles') == '1'
local renewed = 0
for i = 2, #ARGV, 5 do
  local id, number, row, seat, lastsMs = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), ARGV[i + 4]
  local lock = lockStem .. event .. ':' .. number .. ':' .. row .. ':' .. seat
  if redis.call('GET', lock) == id then
    local zone = readZone(event, number)
    if lastsMs ~= '0' then
      redis.call('PEXPIRE', lock, lastsMs)
    else
      redis.call('PERSIST', lock)
      if zone then markSeat(event, zone, row, seat, 'SOLD', avoidSingles) end
    end
    renewed = renewed + 1
  end
end
settleRows()
settleCounts()
publishChanges()
return renewed
