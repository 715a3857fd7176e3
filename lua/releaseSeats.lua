-- releaseSeats: frees seats of tickets of an event and deletes their claims. It frees only seats that the ticket still
-- owns. A lapsed hold counts for its buyer once: only freed seats count.
-- KEYS[1]  tag    the shard's hash tag
-- ARGV[1]  event
-- ARGV[2..] the fields of each seat; those of a ticket stand together
-- RETURNS  integer, seats that were freed; or REBUILD where the house is not open, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local tag, event = KEYS[1], ARGV[1]

-- @include keys
-- @include clock
-- @include admission
-- @include buyerSeats
-- @include lapses
-- @include markSeats
-- @include zones

local house = redis.call('HMGET', houseKey(tag, event), 'generation', 'avoidSingles', 'holdMs')
local generation, avoidSingles, holdMs = house[1], house[2] == '1', tonumber(house[3] or 0)
if not generation then return 'REBUILD' end

local function forgetClaim(ticketId)
  redis.call('HDEL', ticketKey(tag, ticketId), 'claim')
  takeBackUse(tag, event, ticketId)
end

local freed = 0
local ticketBefore
for at = 2, #ARGV, FIELDS.COUNT do
  local id, user = ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.user]
  local zoneNumber, row, seat =
    ARGV[at + FIELDS.zone], tonumber(ARGV[at + FIELDS.row]), tonumber(ARGV[at + FIELDS.seat])
  if id ~= ticketBefore then forgetClaim(id) end
  ticketBefore = id
  removeBuyerSeat(buyersKey(tag, event), user, id)
  local zone = readZone(tag, event, zoneNumber)
  local lock = lockStem(tag, rowName(event, zoneNumber, row)) .. seat
  if zone and (redis.call('GET', lock) or '') == id then
    redis.call('DEL', lock)
    if ARGV[at + FIELDS.lapsed] == '1' and user ~= '' then
      countLapse(lapsesKey(tag, event, generation, user), clockMs(), holdMs)
    end
    freed = freed - markSeat(tag, event, zone, row, seat, 'AVAILABLE', avoidSingles)
  end
end
indexMarkedRows(tag)
publishChanges(tag)
return freed
