-- freeOrphans: frees seats that neither a booking nor a claim has. The fence is the difference that reconciling has
-- recorded of each seat: it is deleted with every free, so while the one that was read stands, the seat was never
-- freed and so never claimed again.
-- KEYS[1]  tag    the shard's hash tag
-- ARGV[1]  event
-- ARGV[2..] the fields of each seat
-- RETURNS  integer, seats that were freed; or REBUILD where the house is not open, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local tag, event = KEYS[1], ARGV[1]

-- @include keys
-- @include buyerSeats
-- @include freeSeats

local house = readOpenHouse(tag, event)
if not house then return 'REBUILD' end

local freed = 0
for at = 2, #ARGV, FIELDS.COUNT do
  local label, record = ARGV[at + FIELDS.label], ARGV[at + FIELDS.record]
  local isSame = redis.call('HGET', seatDifferencesKey(tag, event), label) == record
  for _, seat in ipairs(isSame and seatsOf(tag, event, label) or {}) do
    removeBuyerSeat(buyersKey(tag, event), ARGV[at + FIELDS.user], ARGV[at + FIELDS.ticketId])
    freed = freed + freeSeat(tag, house, seat)
  end
end
finishFrees(tag)
return freed
