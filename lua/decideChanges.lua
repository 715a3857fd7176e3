-- decideChanges: records the outcomes of changes before they are settled, so that replicas get them before clients do.
-- A ticket keeps its first decision.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1..] the fields of each ticket
-- RETURNS  for each ticket the outcome that it has or will get
-- COST     O(tickets)
local tag = KEYS[1]

-- @include keys
-- @include tickets

local decided = {}
for at = 1, #ARGV, FIELDS.COUNT do
  local id, outcome = ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.outcome]
  local head, state = readTicket(tag, id)
  if head and state == '' then writeTicket(tag, id, head, 'WILL ' .. outcome) end
  decided[#decided + 1] = head and (outcomeIn(state) or string.match(state, '^WILL (.*)')) or outcome
end
return decided
