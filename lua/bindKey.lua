-- bindKey: bind an idempotency key to an id and a request, for what needs no ticket.
-- KEYS[1]  idemStem     + digest of the key: "<id> <fingerprint>"
-- ARGV[1]  digest
-- ARGV[2]  id           36 characters, what the key leads to from now on
-- ARGV[3]  fingerprint  of the request
-- ARGV[4]  ttlSec       integer, seconds that the key is remembered
-- RETURNS  the id that the key leads to, perhaps an older one; '' if the key was used with another request
-- COST     O(1)
local idemStem = KEYS[1]
local digest, id, fingerprint, ttlSec = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- @include idempotency

local leadsTo, mismatch = bindKey(digest, id, fingerprint, ttlSec)
return mismatch and '' or leadsTo
