-- idempotency: binds idempotency keys to requests.

-- @include keys

-- Binds a key to an id and the fingerprint of a request, unless it is bound. Returns the id that the key leads to,
-- whether the key is bound to another request, and whether it was bound before.
local function bindIdempotencyKey(tag, digest, id, fingerprint, ttlSec)
  local key = idempotencyKey(tag, digest)
  local binding = redis.call('GET', key)
  if not binding then
    redis.call('SET', key, id .. ' ' .. fingerprint, 'EX', ttlSec)
    return id, false, false
  end
  local boundId, boundFingerprint = string.match(binding, '^(%S+) (.*)$')
  return boundId, boundFingerprint ~= fingerprint, true
end
