-- releaseClaim: frees seats of a claim that no booking has. The fence is the ticket's decision: seats are freed only
-- while it is this claim, without an outcome and of this generation of the house. It is consumed: the ticket is queued
-- again.
-- KEYS[1]  tag         the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  ticketId
-- ARGV[3]  user        '' without one
-- ARGV[4]  generation  of the claim
-- ARGV[5]  claimed     the labels of all seats of the claim, in its order
-- ARGV[6]  unsaved     integer, how many of them no booking of the ticket has: they no longer count for its buyer
-- ARGV[7]  freed       the labels of those to free: nobody else has them
-- RETURNS  integer, seats that were freed; or REBUILD where the house is not open, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local tag, event, ticketId, user = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local generation, claimed, unsaved, labels = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]

-- @include keys
-- @include buyerSeats
-- @include consumeClaim
-- @include freeSeats

local house = readOpenHouse(tag, event)
if not house then return 'REBUILD' end
if house.generation ~= generation or not consumeClaim(tag, event, ticketId, generation, claimed) then return 0 end

for _ = 1, unsaved do removeBuyerSeat(buyersKey(tag, event), user, ticketId) end
local freed = 0
for _, seat in ipairs(seatsOf(tag, event, labels)) do
  local holder = holderOf(tag, seat)
  if not holder or holder == ticketId then freed = freed + freeSeat(tag, house, seat) end
end
finishFrees(tag)
return freed
