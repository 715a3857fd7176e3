-- readClaims: reads claims under way: seats that tickets without an outcome have claimed.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1..] ticket ids; without any, all claims of the shard, and batches that have none leave the index
-- RETURNS  for each claim: ticket id, event ('-' where it is not known), generation, labels with spaces between them
-- COST     O(tickets, or those of all batches with claims under way)
local tag = KEYS[1]

-- @include keys
-- @include tickets

local claims = {}

-- Adds the claim of a ticket, if it has one under way. Returns whether it has.
local function addClaim(id, head, state)
  local generation, labels = string.match(state or '', '^GOT (%d+) (.*)$')
  if not generation then return false end
  local event = string.match(head, '^%S+ %S+ (%S+)')
  for _, value in ipairs({ id, event, generation, labels }) do claims[#claims + 1] = value end
  return true
end

-- Adds the claims under way of a batch. Returns whether it has any.
local function addClaimsOf(batch)
  local record, hasClaim = redis.call('HGETALL', batchKey(tag, batch)), false
  for i = 1, #record, 2 do
    local isTicket = #record[i] == TICKET_FIELD_LENGTH
    if isTicket and addClaim(batch .. record[i], parseTicket(record[i + 1])) then hasClaim = true end
  end
  return hasClaim
end

if #ARGV > 0 then
  for i = 1, #ARGV do addClaim(ARGV[i], readTicket(tag, ARGV[i])) end
  return claims
end
for _, name in ipairs(redis.call('ZRANGE', claimingKey(tag), 0, -1)) do
  local hasClaim
  if isSingle(name) then
    hasClaim = addClaim(name, readTicket(tag, name))
  else
    hasClaim = addClaimsOf(name)
  end
  if not hasClaim then redis.call('ZREM', claimingKey(tag), name) end
end
return claims
