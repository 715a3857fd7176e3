-- renewLocks: let the locks of a ticket's seats last for another time, or for ever. Only what the ticket still owns.
-- KEYS[1]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- ARGV[1]  event
-- ARGV[2..] for each seat: ticket id, zone, row, seat (from 1), milliseconds from now or 0 for ever
-- RETURNS  integer, locks that were renewed
-- COST     O(seats)
local lockStem = KEYS[1]
local event = ARGV[1]

local renewed = 0
for i = 2, #ARGV, 5 do
  local lock = lockStem .. event .. ':' .. ARGV[i + 1] .. ':' .. ARGV[i + 2] .. ':' .. ARGV[i + 3]
  if redis.call('GET', lock) == ARGV[i] then
    if ARGV[i + 4] == '0' then
      redis.call('PERSIST', lock)
    else
      redis.call('PEXPIRE', lock, ARGV[i + 4])
    end
    renewed = renewed + 1
  end
end
return renewed
