-- renewLocks: let the locks of a ticket's seats last for another time, or for ever: then they are sold. Only what the ticket still owns.
-- A sale deletes its buyer's lapses.
-- KEYS[1]  houseStem    + event: hash of the house: generation, zones, rows, each zone, settings, version; missing: the answer is REBUILD
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  heldStem     + event:zone:row: bitmap, 1 = held
-- KEYS[4]  blockedStem  + event:zone:row: bitmap, 1 = blocked
-- KEYS[5]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[6]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[7]  neatStem     + event:count: bitmap of rows, 1 = no such run left that leaves no single seat
-- KEYS[8]  countsStem   + event: hash of taken:zone, held:zone, blocked:zone
-- KEYS[9]  changesStem  + event: channel of an event's seats; a message is a version, then statuses and labels
-- KEYS[10] lapsesStem   + event:generation:user: hash of count, untilMs, held; only of a buyer who let holds go
-- ARGV[1]  event
-- ARGV[2..] for each seat: ticket id, user or '', zone, row, seat (from 1), milliseconds from now or 0 for ever
-- RETURNS  integer, locks that were renewed; or REBUILD, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local houseStem, seatsStem, heldStem, blockedStem, lockStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fullStem, neatStem, countsStem, changesStem, lapsesStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local event = ARGV[1]

-- @include row
-- @include lapses

local house = redis.call('HMGET', houseStem .. event, 'generation', 'avoidSingles')
if not house[1] then return 'REBUILD' end

local avoidSingles = house[2] == '1'
local renewed = 0
for i = 2, #ARGV, 6 do
  local id, user, number, row, seat = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local lastsMs = ARGV[i + 5]
  local lock = lockStem .. event .. ':' .. number .. ':' .. row .. ':' .. seat
  if redis.call('GET', lock) == id then
    local zone = readZone(event, number)
    if lastsMs ~= '0' then
      redis.call('PEXPIRE', lock, lastsMs)
    else
      redis.call('PERSIST', lock)
      if zone then markSeat(event, zone, row, seat, 'SOLD', avoidSingles) end
      if user ~= '' then redis.call('DEL', lapsesKey(event, house[1], user)) end
    end
    renewed = renewed + 1
  end
end
settleRows()
settleCounts()
publishChanges()
return renewed
