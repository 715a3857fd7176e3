-- mendSeats: gives seats the status that PostgreSQL has, and held ones their owner. It only takes seats, it never
-- frees one.
-- KEYS[1]  tag         the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  holdLockMs  integer, milliseconds that the lock of a held seat lasts
-- ARGV[3..] the fields of each seat
-- RETURNS  integer, bits that were set; or REBUILD where the house is not open, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local tag, event, holdLockMs = KEYS[1], ARGV[1], ARGV[2]

-- @include house
-- @include keys
-- @include markSeats
-- @include zones

local house = readOpenHouse(tag, event)
if not house then return 'REBUILD' end

local mended = 0
for at = 3, #ARGV, FIELDS.COUNT do
  local zoneNumber, row, seat =
    ARGV[at + FIELDS.zone], tonumber(ARGV[at + FIELDS.row]), tonumber(ARGV[at + FIELDS.seat])
  local id, status = ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.status]
  local zone = readZone(tag, event, zoneNumber)
  if zone then
    local lock = lockStem(tag, rowName(event, zoneNumber, row)) .. seat
    if status == 'HELD' then
      redis.call('SET', lock, id, 'PX', holdLockMs)
    else
      redis.call('DEL', lock)
    end
    mended = mended + markSeat(tag, house, zone, row, seat, status)
  end
end
indexMarkedRows(tag)
publishChanges(tag)
return mended
