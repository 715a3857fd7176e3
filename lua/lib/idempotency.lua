-- idempotency: what scripts know of idempotency keys. Included by them, never run alone. It uses their name idemStem.

-- Binds a key to an id and a request, unless it is bound already. Returns the id that it leads to, and whether it was bound
-- to another request.
local function bindKey(digest, id, fingerprint, ttlSec)
  local known = redis.call('GET', idemStem .. digest)
  if known then return string.sub(known, 1, 36), string.sub(known, 38) ~= fingerprint end
  redis.call('SET', idemStem .. digest, id .. ' ' .. fingerprint, 'EX', ttlSec)
  return id, false
end
