-- releaseSeats: frees seats that bookings gave up, those of one taking at a time. The fence of held seats is their
-- lock: only seats that it still holds are freed. The fence of sold seats is the id of the release, which frees once,
-- and the epoch of the house: the caller read it before PostgreSQL, and a house restored since does not have them.
-- A release of some held seats counts once by its id too: the count of the others stays.
-- A lapsed hold counts for its buyer once: only freed seats count.
-- KEYS[1]  tag      the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  epoch    of the house
-- ARGV[3]  keptSec  integer, seconds for which it is remembered that a release was made
-- ARGV[4..] the fields of each release
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

local house, holdMs, openEpoch = readOpenHouse(tag, event, 'holdMs', 'epoch')
if not house or openEpoch ~= epoch then return 'REOPENED' end
local generation = house.generation
holdMs = tonumber(holdMs or 0)

-- Frees sold seats. One may be held still by the ticket that took it: its confirmation has not come to Redis yet.
local function freeSold(owner, seats)
  local freed = 0
  for _, seat in ipairs(seats) do
    local holder = holderOf(tag, seat)
    if not holder or holder == owner then freed = freed + freeSeat(tag, house, seat) end
  end
  return freed
end

local function freeHeld(owner, user, seats)
  local freed = 0
  for _, seat in ipairs(seats) do
    if holderOf(tag, seat) == owner then
      if user ~= '' then countLapse(lapsesKey(tag, event, generation, user), clockMs(), holdMs) end
      freed = freed + freeSeat(tag, house, seat)
    end
  end
  return freed
end

-- Takes back the claim of these seats: without an outcome, it would free them a second time.
local function consumeClaimOf(owner, labels)
  local claimed = claimOf(tag, owner, generation)
  if not claimed then return end
  for label in string.gmatch(labels, '%S+') do
    if not string.find(' ' .. claimed .. ' ', ' ' .. label .. ' ', 1, true) then return end
  end
  consumeClaim(tag, event, owner, generation, claimed)
end

local function isFirst(id) return redis.call('SET', releasedKey(tag, id), 1, 'NX', 'EX', keptSec) end

local freed = 0
for at = 4, #ARGV, FIELDS.COUNT do
  local owner, user, labels = ARGV[at + FIELDS.owner], ARGV[at + FIELDS.user], ARGV[at + FIELDS.labels]
  local once = ARGV[at + FIELDS.once]
  if once == '' or isFirst(once) then
    local seats = seatsOf(tag, event, labels)
    consumeClaimOf(owner, labels)
    for _ = 1, #seats do removeBuyerSeat(buyersKey(tag, event), user, owner) end
    local areSold = ARGV[at + FIELDS.sold] == '1'
    freed = freed + (areSold and freeSold(owner, seats) or freeHeld(owner, user, seats))
  end
end
finishFrees(tag)
return freed
