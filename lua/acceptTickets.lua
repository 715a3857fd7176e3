-- acceptTickets: records tickets in their batches, gives each its place, and judges idempotency keys and the ends of
-- admissions.
-- KEYS[1]  tag          the shard's hash tag
-- ARGV[1]  maxQueued    integer, tickets without an outcome that there may be
-- ARGV[2]  idemTtlSec   integer, seconds that an idempotency key is remembered, unless its request is refused
-- ARGV[3]  node         id of the calling API node; outcomes are published to it
-- ARGV[4]  fresh        1 where no ticket of these ids can be recorded, 0 where an earlier call may have recorded them
-- ARGV[5..] the fields of each ticket
-- RETURNS  { settled, and for each ticket: its place, where it is new and has to be put on the queue; "<ticket id>
--          <place> <1 if it has to be put on the queue, else 0>" of a ticket that was recorded before; MISMATCH if its
--          key is bound to another request; ENDED if its admission has ended }, or OVERLOADED, and nothing was recorded
-- COST     O(tickets)
local ARGV, redis = ARGV, redis -- a local costs less than a protected global
local tag = KEYS[1]
local maxQueued, idemTtlSec, node, areFresh = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4] == '1'

-- @include keys
-- @include clock
-- @include idempotency
-- @include tickets

local lastPlace = tonumber(redis.call('GET', sequenceKey(tag)) or 0)

-- Tickets that have an outcome. A ticket whose API died before its job was queued never gets one: while the queue is
-- empty, all tickets count as settled.
local function readSettled()
  local settled = tonumber(redis.call('GET', settledKey(tag)) or 0)
  if
    settled ~= lastPlace
    and redis.call('LLEN', waitingKey(tag)) == 0
    and redis.call('LLEN', activeKey(tag)) == 0
    and redis.call('ZCARD', delayedKey(tag)) == 0
  then
    settled = lastPlace
    redis.call('SET', settledKey(tag), settled)
  end
  return settled
end

local settled = readSettled()
if lastPlace - settled + (#ARGV - 4) / FIELDS.COUNT > maxQueued then return 'OVERLOADED' end

local additions = {} -- fields and values of new tickets, by batch
local keyedHeads = {} -- heads of new tickets with an idempotency key, by id: a key may come twice in a call

-- Gives a new ticket its place. Returns its head. Its batch is written at the end of the call.
local function recordTicket(id, about)
  lastPlace = lastPlace + 1
  local head = string.format('%d %s|', lastPlace, about)
  if isSingle(id) then
    writeSingle(tag, id, head, '')
    return head
  end
  local batch, field = splitId(id)
  local added = additions[batch]
  if not added then
    added = {}
    additions[batch] = added
  end
  added[#added + 1] = field
  added[#added + 1] = head
  return head
end

-- The head and the state of a ticket that is recorded already; nil where Redis does not know it.
local function findRecorded(id)
  if keyedHeads[id] then return keyedHeads[id], '' end
  local head, state = readTicket(tag, id)
  if not head then head, state = readSingle(tag, id) end -- the copy of a keyed outcome outlives the batch
  return head, state
end

-- The answer for a ticket that is recorded already. A repeated key puts its ticket on the queue unless its job is known
-- to be there (noteQueued): its API may have died before. An own id that is recorded is a flush that is tried again:
-- its job may be missing, too.
local function repeatTicket(id, newId, head, state)
  local isToQueue = not isSettled(state) and (id == newId or not redis.call('HGET', extraField(tag, id, 'queued')))
  return id .. ' ' .. (string.match(head, '^%d+') or 0) .. ' ' .. (isToQueue and 1 or 0)
end

-- Accepts the ticket whose fields begin at ARGV[at]. Returns the answer for it.
local function accept(at)
  local newId, about, conditions = ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.about], ARGV[at + FIELDS.conditions]
  if areFresh and conditions == '' then -- most
    recordTicket(newId, about)
    return lastPlace
  end
  local id, admittedUntilMs, digest, fingerprint = newId, string.match(conditions, '^(%S+) (%S+) (.*)$')
  admittedUntilMs = tonumber(admittedUntilMs or nil) -- '-' is none
  if digest == '-' then digest = nil end
  local isOtherRequest, wasBound
  if digest then
    id, isOtherRequest, wasBound = bindIdempotencyKey(tag, digest, newId, fingerprint, idemTtlSec)
    if isOtherRequest then return 'MISMATCH' end
  end
  if not areFresh or wasBound then
    local head, state = findRecorded(id)
    if head then return repeatTicket(id, newId, head, state) end
  end
  -- An admission is judged at acceptance: a request that is accepted in time books, however long the queue is.
  if admittedUntilMs and clockMs() >= admittedUntilMs then
    -- The key may come again with a new admission.
    if digest and id == newId then redis.call('DEL', idempotencyKey(tag, digest)) end
    return 'ENDED'
  end
  local head = recordTicket(id, about)
  if digest then keyedHeads[id] = head end
  return id == newId and lastPlace or repeatTicket(id, newId, head, '')
end

-- Those of these tickets that their batch does not have, as fields and values.
local function withoutRecorded(key, added)
  local fields, left = {}, {}
  for i = 1, #added, 2 do fields[#fields + 1] = added[i] end
  local recorded = redis.call('HMGET', key, unpack(fields))
  for i = 1, #fields do
    if not recorded[i] then
      left[#left + 1] = fields[i]
      left[#left + 1] = added[2 * i]
    end
  end
  return left
end

local unused = 0 -- places that this call gave to recorded tickets: they count as settled, for no ticket has them

-- Writes the new tickets of a batch. The node gets their outcomes. Where the batch is known, two API processes made the
-- same name, a flush is tried again, or a call came twice, perhaps late: a connection that has ended may still deliver
-- it after the retry was settled. A recorded ticket keeps its state.
local function writeBatch(batch, added)
  local key = batchKey(tag, batch)
  local nodes, unsettled = unpack(redis.call('HMGET', key, 'node', 'unsettled'))
  if nodes or unsettled then
    local count = #added
    added = withoutRecorded(key, added)
    unused = unused + (count - #added) / 2
    if #added == 0 then return end
    redis.call('PERSIST', key)
  end
  if not nodes or not string.find(nodes, node, 1, true) then
    redis.call('HSET', key, 'node', nodes and nodes .. ' ' .. node or node)
  end
  redis.call('HINCRBY', key, 'unsettled', redis.call('HSET', key, unpack(added)))
end

local reply = { settled }
for at = 5, #ARGV, FIELDS.COUNT do reply[#reply + 1] = accept(at) end
for batch, added in pairs(additions) do writeBatch(batch, added) end
redis.call('SET', sequenceKey(tag), lastPlace)
if unused > 0 then redis.call('INCRBY', settledKey(tag), unused) end
return reply
