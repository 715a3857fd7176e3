-- bindKey: binds an idempotency key to an id and a request, for requests without a ticket.
-- KEYS[1]  tag          the shard's hash tag
-- ARGV[1]  digest       of the key
-- ARGV[2]  id           what the key leads to from now on
-- ARGV[3]  fingerprint  of the request
-- ARGV[4]  ttlSec       integer, seconds that the key is remembered
-- RETURNS  the id that the key leads to, perhaps an older one; '' if the key is bound to another request
-- COST     O(1)
local tag = KEYS[1]
local digest, id, fingerprint, ttlSec = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- @include idempotency

local boundId, isOtherRequest = bindIdempotencyKey(tag, digest, id, fingerprint, ttlSec)
return isOtherRequest and '' or boundId
