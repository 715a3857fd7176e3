-- bindKeys: binds idempotency keys to ids and requests: keys of requests without a ticket, and of requests whose ticket
-- is in another shard.
-- KEYS[1]  tag          the shard's hash tag
-- ARGV[1]  ttlSec       integer, seconds that the keys are remembered
-- ARGV[2..] the fields of each key
-- RETURNS  for each key the id that it leads to, perhaps an older one; '' where it is bound to another request
-- COST     O(keys)
local tag = KEYS[1]
local ttlSec = ARGV[1]

-- @include idempotency

local bound = {}
for at = 2, #ARGV, FIELDS.COUNT do
  local digest, id = ARGV[at + FIELDS.digest], ARGV[at + FIELDS.id]
  local fingerprint = ARGV[at + FIELDS.fingerprint]
  local boundId, isOtherRequest = bindIdempotencyKey(tag, digest, id, fingerprint, ttlSec)
  bound[#bound + 1] = isOtherRequest and '' or boundId
end
return bound
