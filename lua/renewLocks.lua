-- renewLocks: sets the expiry of the locks of held seats, or sells the seats: then they need no lock. It changes only
-- seats that the ticket still holds. A sale deletes its buyer's lapses.
-- KEYS[1]  tag    the shard's hash tag
-- ARGV[1]  event
-- ARGV[2..] the fields of each seat
-- RETURNS  integer, seats that the ticket held; or REBUILD where the house is not open, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local tag, event = KEYS[1], ARGV[1]

-- @include house
-- @include keys
-- @include markSeats
-- @include zones

local house = readOpenHouse(tag, event)
if not house then return 'REBUILD' end

local renewed = 0
for at = 2, #ARGV, FIELDS.COUNT do
  local id, user, lockMs = ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.user], ARGV[at + FIELDS.lockMs]
  local zoneNumber, row, seat =
    ARGV[at + FIELDS.zone], tonumber(ARGV[at + FIELDS.row]), tonumber(ARGV[at + FIELDS.seat])
  local lock = lockStem(tag, rowName(event, zoneNumber, row)) .. seat
  if redis.call('GET', lock) == id then
    if lockMs ~= '0' then
      redis.call('PEXPIRE', lock, lockMs)
    else
      redis.call('DEL', lock)
      local zone = readZone(tag, event, zoneNumber)
      if zone then markSeat(tag, house, zone, row, seat, 'SOLD') end
      if user ~= '' then redis.call('DEL', lapsesKey(tag, event, house.generation, user)) end
    end
    renewed = renewed + 1
  end
end
indexMarkedRows(tag)
publishChanges(tag)
return renewed
