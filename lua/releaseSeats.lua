-- releaseSeats: frees the seats of bookings that ended. The fence of a hold is its lock: only seats that it still holds
-- are freed. The fence of a returned sale is its own id, which frees once, and the epoch of the house: the caller read
-- it before PostgreSQL, and a house that was restored since does not have the seats of the sale.
-- A lapsed hold counts for its buyer once: only freed seats count.
-- KEYS[1]  tag      the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  epoch    of the house
-- ARGV[3]  keptSec  integer, seconds for which it is remembered that a returned sale has freed its seats
-- ARGV[4..] the fields of each booking
-- RETURNS  integer, seats that were freed; or REOPENED where the house is not open or has another epoch: then nothing
--          was changed
-- COST     O(seats x seats in a row / 8)
local tag, event, epoch, keptSec = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

-- @include keys
-- @include clock
-- @include buyerSeats
-- @include consumeClaim
-- @include freeSeats
-- @include lapses

local house = redis.call('HMGET', houseKey(tag, event), 'generation', 'avoidSingles', 'holdMs', 'epoch')
local generation, avoidSingles, holdMs = house[1], house[2] == '1', tonumber(house[3] or 0)
if not generation or house[4] ~= epoch then return 'REOPENED' end

-- Frees the seats of a returned sale. A seat may be held by it still: its confirmation has not come to Redis yet.
local function freeSale(id, seats)
  local freed = 0
  for _, seat in ipairs(seats) do
    local holder = holderOf(tag, seat)
    if not holder or holder == id then freed = freed + freeSeat(tag, event, seat, avoidSingles) end
  end
  return freed
end

local function freeHold(id, user, seats)
  local freed = 0
  for _, seat in ipairs(seats) do
    if holderOf(tag, seat) == id then
      if user ~= '' then countLapse(lapsesKey(tag, event, generation, user), clockMs(), holdMs) end
      freed = freed + freeSeat(tag, event, seat, avoidSingles)
    end
  end
  return freed
end

local function isFirstReturn(id) return redis.call('SET', returnedKey(tag, id), 1, 'NX', 'EX', keptSec) end

local freed = 0
for at = 4, #ARGV, FIELDS.COUNT do
  local id, user, labels = ARGV[at + FIELDS.bookingId], ARGV[at + FIELDS.user], ARGV[at + FIELDS.labels]
  local isReturned = ARGV[at + FIELDS.returned] == '1'
  if not isReturned or isFirstReturn(id) then
    local seats = seatsOf(tag, event, labels)
    consumeClaim(tag, event, id, generation, labels) -- a claim without an outcome must not free them a second time
    for _ = 1, #seats do removeBuyerSeat(buyersKey(tag, event), user, id) end
    freed = freed + (isReturned and freeSale(id, seats) or freeHold(id, user, seats))
  end
end
finishFrees(tag)
return freed
