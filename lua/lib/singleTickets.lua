-- singleTickets: tickets with a record of their own, the hash `ticket:<id>`: those of the version before, whose ids
-- begin with a 0, and the outcomes of tickets with an idempotency key, which outlive their batch.

-- @include keys

local HEAD_FIELDS = { 'seq', 'kind', 'event', 'user', 'keyed' } -- the parts of a ticket's head, in its order

local function isSingle(id) return string.byte(id, 1) == 48 end -- '0'

-- The field of the outcome. A copy has it in a field of its own: an API of the version before would send `outcome` to
-- clients as JSON, and shows the ticket as queued without it.
local function outcomeField(id) return isSingle(id) and 'outcome' or 'text' end

-- The head and the state of a ticket, as lib/tickets.lua describes them; nil where there is no such record.
local function readSingle(tag, id)
  local ticket = redis.call('HMGET', ticketKey(tag, id), 'claim', outcomeField(id), unpack(HEAD_FIELDS))
  local claim, outcome = ticket[1], ticket[2]
  if not claim and not outcome and not ticket[3] then return nil end
  local parts = {}
  for i = 1, #HEAD_FIELDS do parts[i] = ticket[i + 2] or '-' end
  return table.concat(parts, ' ') .. '|', outcome and '=' .. outcome or claim or ''
end

local function writeSingle(tag, id, head, state)
  local key, part = ticketKey(tag, id), 0
  for value in string.gmatch(head, '[^ |]+') do
    part = part + 1
    if value ~= '-' then redis.call('HSET', key, HEAD_FIELDS[part], value) end
  end
  if string.byte(state, 1) == 61 then -- '='
    redis.call('HSET', key, outcomeField(id), string.sub(state, 2))
  elseif state == '' then
    redis.call('HDEL', key, 'claim')
  else
    redis.call('HSET', key, 'claim', state)
  end
end
