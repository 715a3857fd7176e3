-- unblockSeats: frees seats that are still blocked.
-- KEYS[1]  tag     the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  labels  of the seats, with spaces between them
-- RETURNS  integer, seats that were freed; or REBUILD where the house is not open, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local tag, event, labels = KEYS[1], ARGV[1], ARGV[2]

-- @include keys
-- @include freeSeats

local house = readOpenHouse(tag, event)
if not house then return 'REBUILD' end

local freed = 0
for _, seat in ipairs(seatsOf(tag, event, labels)) do
  if redis.call('GETBIT', blockedKey(tag, seat.rowNamed), seat.number - 1) == 1 then
    freed = freed + freeSeat(tag, house, seat)
  end
end
finishFrees(tag)
return freed
