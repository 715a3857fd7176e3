-- noteQueued: note of tickets that an idempotency key leads to that they are on the queue.
-- KEYS[1]  ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed, admitted
-- ARGV[1..] ticket id
-- RETURNS  integer, tickets that are there
-- COST     O(tickets)
local ticketStem = KEYS[1]

local there = 0
for i = 1, #ARGV do
  local ticket = ticketStem .. ARGV[i]
  if redis.call('EXISTS', ticket) == 1 then -- Redis may have been wiped meanwhile
    redis.call('HSET', ticket, 'queued', 1)
    there = there + 1
  end
end
return there
