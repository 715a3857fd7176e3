-- noteQueued: records that the jobs of tickets with an idempotency key are on the queue.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1..] ticket ids
-- RETURNS  integer, tickets that are known
-- COST     O(tickets)
local tag = KEYS[1]

-- @include keys
-- @include tickets

local known = 0
for i = 1, #ARGV do
  local id = ARGV[i]
  if readTicket(tag, id) then -- Redis may have been wiped since acceptance
    local key, field = extraField(tag, id, 'queued')
    redis.call('HSET', key, field, 1)
    known = known + 1
  end
end
return known
