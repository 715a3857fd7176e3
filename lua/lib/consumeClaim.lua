-- consumeClaim: takes back a claim that is to become no booking, so that its ticket is queued again.

-- @include admission
-- @include tickets

-- The labels of a ticket's claim in a generation of the house, while it has no outcome; nil where there is none.
local function claimOf(tag, ticketId, generation)
  local _, state = readTicket(tag, ticketId)
  local decision = 'GOT ' .. generation .. ' '
  if state and string.sub(state, 1, #decision) == decision then return string.sub(state, #decision + 1) end
end

-- Takes a claim back, and its use of an admission, if it is still the decision of its ticket and has no outcome.
-- Returns whether it was: then no other claim has its seats.
local function consumeClaim(tag, event, ticketId, generation, labels)
  local head, state = readTicket(tag, ticketId)
  if state ~= 'GOT ' .. generation .. ' ' .. labels then return false end
  takeBackUse(tag, event, ticketId)
  writeTicket(tag, ticketId, head, '')
  return true
end
