-- tickets: reads and writes tickets, each a field of its batch's record (docs/architecture/ledger.md).
--
-- A ticket is "<place> <kind> <event> <user> <digest>|<state>", with "-" for a part that there is not. All up to the
-- "|" is its head. Its state is '' while it is queued, then its decision
-- ("GOT <generation> <label>..." or "NOT <generation> <code>...", "WILL <outcome>" of a change where replicas are
-- waited for), then "=" and its outcome.

-- @include keys
-- @include singleTickets

local string = string -- a local costs less than a protected global

local UNKNOWN_HEAD = '- - - - -|' -- of a ticket that Redis has lost

local BATCH_LENGTH, TICKET_FIELD_LENGTH = 20, 16 -- characters of an id that name its batch, and its field there

local function splitId(id) return string.sub(id, 1, BATCH_LENGTH), string.sub(id, BATCH_LENGTH + 1) end

-- The key and the field of the `watchers`, the `use` or the `queued` of a ticket. Few tickets have them.
local function extraField(tag, id, name)
  if isSingle(id) then return ticketKey(tag, id), name end
  local batch, field = splitId(id)
  return batchKey(tag, batch), name .. ':' .. field
end

-- The head and the state of a ticket.
local function parseTicket(ticket)
  if string.byte(ticket, -1) == 124 then return ticket, '' end -- '|': most are queued
  local bar = string.find(ticket, '|', 1, true)
  return string.sub(ticket, 1, bar), string.sub(ticket, bar + 1)
end

-- The digest of the idempotency key in a ticket's head; nil where it has none.
local function digestIn(head)
  if string.sub(head, -3) == ' -|' then return nil end -- most: a pattern takes longer
  return string.match(head, '^%S+ %S+ %S+ %S+ (%S+)|')
end

local function isSettled(state) return string.byte(state, 1) == 61 end -- '='

-- The outcome in a state; nil where it has none.
local function outcomeIn(state) return isSettled(state) and string.sub(state, 2) or nil end

-- Groups ids by batch, in the order in which the batches first appear: a list of { batch =, ids =, fields = }. Tickets
-- with a record of their own are in `singles`, a list of ids.
local function groupByBatch(ids)
  local groups, groupOf, singles = {}, {}, {}
  for i = 1, #ids do
    local id = ids[i]
    local batch, field = splitId(id)
    local group = groupOf[batch]
    if not group and isSingle(id) then
      singles[#singles + 1] = id
    else
      if not group then
        group = { batch = batch, ids = {}, fields = {} }
        groupOf[batch] = group
        groups[#groups + 1] = group
      end
      local at = #group.ids + 1
      group.ids[at], group.fields[at] = id, field
    end
  end
  return groups, singles
end

-- Reads the tickets of a group: their heads and states go into two tables, by id. A ticket that Redis does not know has
-- neither.
local function readGroup(tag, group, heads, states)
  local tickets = redis.call('HMGET', batchKey(tag, group.batch), unpack(group.fields))
  for i = 1, #tickets do
    if tickets[i] then
      local id = group.ids[i]
      heads[id], states[id] = parseTicket(tickets[i])
    end
  end
end

-- Reads tickets. Returns their heads and states, by id, and their groups, for `writeGroup`.
local function readTickets(tag, ids)
  local heads, states = {}, {}
  local groups, singles = groupByBatch(ids)
  for i = 1, #groups do readGroup(tag, groups[i], heads, states) end
  for i = 1, #singles do heads[singles[i]], states[singles[i]] = readSingle(tag, singles[i]) end
  return heads, states, groups, singles
end

-- The head and the state of one ticket; nil where Redis does not know it.
local function readTicket(tag, id)
  if isSingle(id) then return readSingle(tag, id) end
  local batch, field = splitId(id)
  local ticket = redis.call('HGET', batchKey(tag, batch), field)
  if ticket then return parseTicket(ticket) end
end

local function writeTicket(tag, id, head, state)
  if isSingle(id) then return writeSingle(tag, id, head, state) end
  local batch, field = splitId(id)
  redis.call('HSET', batchKey(tag, batch), field, head .. state)
end
