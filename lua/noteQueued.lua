-- noteQueued: records that the jobs of tickets with an idempotency key are on the queue.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1..] ticket ids
-- RETURNS  integer, tickets that are known
-- COST     O(tickets)
local tag = KEYS[1]

-- @include keys

local known = 0
for i = 1, #ARGV do
  local key = ticketKey(tag, ARGV[i])
  if redis.call('EXISTS', key) == 1 then -- Redis may have been wiped since acceptance
    redis.call('HSET', key, 'queued', 1)
    known = known + 1
  end
end
return known
