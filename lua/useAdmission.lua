-- useAdmission: counts a use of an admission by a ticket that claims no seats, or takes it back. A ticket uses it once.
-- KEYS[1]  tag        the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  ticketId
-- ARGV[3]  admission  as lib/admission.lua describes it; '' takes the ticket's use back
-- ARGV[4]  seats      integer, that the ticket gets under it
-- RETURNS  OK; INVALID where it has no uses left, or is of a line that has ended; or REBUILD where Redis does not know
--          the line
-- COST     O(1)
local tag, event, ticketId, admission, seats = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

-- @include admission
-- @include tickets

local _, state = readTicket(tag, ticketId) -- none of an order, whose id stands here
local key, field = extraField(tag, ticketId, 'use')
local use = redis.call('HGET', key, field)
if admission == '' then
  local used, usedSeats = string.match(use or '', '^(.+):(%d+)$')
  if used and not (state and isSettled(state)) then
    countUse(tag, event, used, ticketId, tonumber(usedSeats), -1)
  end
  return 'OK'
end
if use then return 'OK' end
local isCurrent = isOfLine(tag, event, admission)
if isCurrent == nil then return 'REBUILD' end
if not isCurrent or not hasUsesLeft(tag, event, admission) then return 'INVALID' end
countUse(tag, event, admission, ticketId, seats, 1)
if not state then redis.call('EXPIRE', key, USES_TTL_SEC) end -- nothing else deletes it
return 'OK'
