-- settleTickets: writes the outcomes of tickets and publishes them to the API nodes that watch. A ticket keeps its
-- first outcome. A batch's record expires once all its tickets have theirs.
-- KEYS[1]  tag           the shard's hash tag
-- ARGV[1]  ttlSec        integer, seconds that a batch is kept after its last outcome
-- ARGV[2]  refusedTtlSec integer, the same where all its tickets were refused; and for an idempotency key whose ticket
--                        was refused
-- ARGV[3]  keyedTtlSec   integer, seconds that the outcome of an idempotency key is kept otherwise
-- ARGV[4..] the fields of each ticket
-- RETURNS  { tickets that had no outcome, and for each of these that is refused and has a key: the key's digest }
-- COST     O(tickets)
local ARGV, redis = ARGV, redis -- a local costs less than a protected global
local tag = KEYS[1]
local ttlSec, refusedTtlSec, keyedTtlSec = ARGV[1], ARGV[2], ARGV[3]

-- @include keys
-- @include lanes
-- @include tickets

local ids, outcomes, refusals = {}, {}, {}
for at = 4, #ARGV, FIELDS.COUNT do
  local id = ARGV[at + FIELDS.ticketId]
  ids[#ids + 1] = id
  outcomes[id] = ARGV[at + FIELDS.outcome]
  if ARGV[at + FIELDS.refused] == '1' then refusals[id] = true end
end

local settled = 0
local settledOf = {} -- tickets, by event
local refusedDigests = {}
local messages = {} -- by node: texts of one or more lines

local function publishLater(nodes, text)
  for node in string.gmatch(nodes, '%S+') do
    messages[node] = messages[node] or {}
    table.insert(messages[node], text)
  end
end

local function countInLane(head, tickets)
  local event = eventIn(head)
  settledOf[event] = (settledOf[event] or 0) + tickets
end

local function lineOf(id) return id .. ' ' .. outcomes[id] end

-- The record of an idempotency key gets the outcome, and lives as long as the key has to be remembered.
local function settleKey(id, head)
  local digest = digestIn(head)
  if not digest then return end
  if refusals[id] then
    redis.call('EXPIRE', idempotencyKey(tag, digest), refusedTtlSec)
    refusedDigests[#refusedDigests + 1] = digest
  else
    writeSingle(tag, id, head, '=' .. outcomes[id])
    redis.call('EXPIRE', ticketKey(tag, id), keyedTtlSec)
  end
end

-- Settles the tickets of a group that have no outcome yet, and publishes to the nodes of their batch.
local function settleGroup(group, heads, states)
  local key = batchKey(tag, group.batch)
  local nodes, isWatched, isKept, unsettled = unpack(redis.call('HMGET', key, 'node', 'watched', 'kept', 'unsettled'))
  local written, lines, known, hasKept, lastHead = {}, {}, 0, isKept, nil
  for i = 1, #group.ids do
    local id, field = group.ids[i], group.fields[i]
    local head, state = heads[id], states[id]
    if not state or not isSettled(state) then
      local count = #lines
      lines[count + 1] = lineOf(id)
      written[2 * count + 1], written[2 * count + 2] = field, (head or UNKNOWN_HEAD) .. '=' .. outcomes[id]
      if head then
        known, lastHead = known + 1, head
        settleKey(id, head)
      end
      if not refusals[id] then hasKept = true end
      if isWatched then publishLater(redis.call('HGET', extraField(tag, id, 'watchers')) or '', lineOf(id)) end
    end
  end
  if #lines == 0 then return end
  settled = settled + #lines
  if lastHead then countInLane(lastHead, known) end -- all tickets of a batch are for one event
  if nodes then publishLater(nodes, table.concat(lines, '\n')) end
  unsettled = (unsettled or 0) - known
  redis.call('HSET', key, 'unsettled', unsettled, unpack(written))
  if hasKept and not isKept then redis.call('HSET', key, 'kept', 1) end
  if unsettled > 0 then return end
  redis.call('EXPIRE', key, hasKept and ttlSec or refusedTtlSec)
  redis.call('ZREM', claimingKey(tag), group.batch)
end

-- Settles a ticket with a record of its own.
local function settleSingle(id, head, state)
  if state and isSettled(state) then return end
  writeSingle(tag, id, head or UNKNOWN_HEAD, '=' .. outcomes[id])
  redis.call('EXPIRE', ticketKey(tag, id), refusals[id] and refusedTtlSec or ttlSec)
  redis.call('ZREM', claimingKey(tag), id)
  if head then
    settleKey(id, head)
    countInLane(head, 1)
  end
  publishLater(redis.call('HGET', extraField(tag, id, 'watchers')) or '', lineOf(id))
  settled = settled + 1
end

local heads, states, groups, singles = readTickets(tag, ids)
for i = 1, #groups do settleGroup(groups[i], heads, states) end
for i = 1, #singles do settleSingle(singles[i], heads[singles[i]], states[singles[i]]) end
if settled > 0 then redis.call('INCRBY', settledKey(tag), settled) end
for event, tickets in pairs(settledOf) do redis.call('HINCRBY', lanesKey(tag), 'settled:' .. event, tickets) end
for node, texts in pairs(messages) do
  redis.call('PUBLISH', nodeChannel(tag, node), table.concat(texts, '\n'))
end
return { settled, unpack(refusedDigests) }
