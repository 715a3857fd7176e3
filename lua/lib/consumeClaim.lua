-- consumeClaim: takes back a claim that is to become no booking, so that its ticket is queued again.

-- @include keys
-- @include admission

-- Takes a claim back, and its use of an admission, if it is still the decision of its ticket and has no outcome.
-- Returns whether it was: then no other claim has its seats.
local function consumeClaim(tag, event, ticketId, generation, labels)
  local ticket = redis.call('HMGET', ticketKey(tag, ticketId), 'claim', 'outcome')
  if ticket[2] or ticket[1] ~= 'GOT ' .. generation .. ' ' .. labels then return false end
  redis.call('HDEL', ticketKey(tag, ticketId), 'claim')
  takeBackUse(tag, event, ticketId)
  return true
end
