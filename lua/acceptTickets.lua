-- acceptTickets: records tickets in their batches, gives each its place in the lane of its event, judges idempotency
-- keys and the ends of admissions, and gives the jobs of deep lanes a priority.
-- KEYS[1]  tag          the shard's hash tag
-- ARGV[1]  maxQueued    integer, tickets without an outcome that there may be
-- ARGV[2]  idemTtlSec   integer, seconds that an idempotency key is remembered, unless its request is refused
-- ARGV[3]  node         id of the calling API node; outcomes are published to it
-- ARGV[4]  fresh        1 where no ticket of these ids can be recorded, 0 where an earlier call may have recorded them
-- ARGV[5]  events       the events of the tickets, with spaces between them; '-' of tickets without one
-- ARGV[6..] the fields of each ticket
-- RETURNS  { settled, tickets of the shard that waited before, a list of settled, waited before and priority (0: none)
--          of each event's lane, and for each ticket: its place, where it is new and has to be put on the queue;
--          "<ticket id> <place> <1 if it has to be put on the queue, else 0>" of a ticket that was recorded before;
--          MISMATCH if its key is bound to another request; ENDED if its admission has ended }, or OVERLOADED, and
--          nothing was recorded
-- COST     O(tickets)
local ARGV, redis = ARGV, redis -- a local costs less than a protected global
local tag = KEYS[1]
local maxQueued, idemTtlSec, node, areFresh = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4] == '1'

-- @include keys
-- @include clock
-- @include idempotency
-- @include lanes
-- @include tickets

-- @constants MAX_BATCH_REQUESTS

local TICKETS_OF_PRIORITY = 20 -- tickets of a lane for which the priority of its next job is one lower
local MAX_PRIORITY = 2097152 -- BullMQ's bound

local lastPlace = tonumber(redis.call('GET', sequenceKey(tag)) or 0)

-- Tickets that have an outcome, and whether all have. A ticket whose API died before its job was queued never gets one:
-- while the queue is empty, all tickets count as settled.
local function readSettled()
  local settled = tonumber(redis.call('GET', settledKey(tag)) or 0)
  if settled == lastPlace then return settled, true end
  if
    redis.call('LLEN', waitingKey(tag)) == 0
    and redis.call('LLEN', activeKey(tag)) == 0
    and redis.call('ZCARD', prioritizedKey(tag)) == 0
    and redis.call('ZCARD', delayedKey(tag)) == 0
  then
    settled = lastPlace
    redis.call('SET', settledKey(tag), settled)
  end
  return settled, false
end

local settled, isIdle = readSettled()
local waitingBefore = math.max(0, lastPlace - settled)
if lastPlace - settled + (#ARGV - 5) / FIELDS.COUNT > maxQueued then return 'OVERLOADED' end

local events = {}
for event in string.gmatch(ARGV[5], '%S+') do events[#events + 1] = event end
if isIdle then redis.call('DEL', lanesKey(tag)) end
local lanes = waitingBefore == 0 and newLanes(events, settled) or readLanes(tag, events, settled)
for i = 1, #events do
  local lane = lanes[events[i]]
  lane.givenBefore, lane.waitedBefore = lane.given, waitingIn(lane)
end

local batches = {} -- by name: the lane of its event, and fields and values of its new tickets
local keyedHeads = {} -- heads of new tickets with an idempotency key, by id: a key may come twice in a call

-- Gives a new ticket the next place in the lane of its event. Returns its head, and the place. Its batch is written at
-- the end of the call.
local function recordTicket(id, about)
  local name, field = splitId(id)
  local batch = batches[name]
  if not batch then
    batch = { lane = lanes[eventIn('- ' .. about)], added = {} } -- all tickets of a batch are for one event
    batches[name] = batch
  end
  local lane, added = batch.lane, batch.added
  local place = lane.given + 1
  lane.given = place
  local head = string.format('%d %s|', place, about)
  if isSingle(id) then
    writeSingle(tag, id, head, '')
  else
    added[#added + 1] = field
    added[#added + 1] = head
  end
  return head, place
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
    local _, place = recordTicket(newId, about)
    return place
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
  local head, place = recordTicket(id, about)
  if digest then keyedHeads[id] = head end
  return id == newId and place or repeatTicket(id, newId, head, '')
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

-- Writes the new tickets of a batch. The node gets their outcomes. Where the batch is known, two API processes made the
-- same name, a flush is tried again, or a call came twice, perhaps late: a connection that has ended may still deliver
-- it after the retry was settled. A recorded ticket keeps its state. Returns how many of them are recorded.
local function writeBatch(batch, added)
  if #added == 0 then return 0 end -- a ticket with a record of its own
  local repeated = 0
  local key = batchKey(tag, batch)
  local nodes, unsettled = unpack(redis.call('HMGET', key, 'node', 'unsettled'))
  if nodes or unsettled then
    local count = #added
    added = withoutRecorded(key, added)
    repeated = (count - #added) / 2
    if #added == 0 then return repeated end
    redis.call('PERSIST', key)
  end
  if not nodes or not string.find(nodes, node, 1, true) then
    redis.call('HSET', key, 'node', nodes and nodes .. ' ' .. node or node)
  end
  redis.call('HINCRBY', key, 'unsettled', redis.call('HSET', key, unpack(added)))
  return repeated
end

-- The priority of a deep lane's next job, by start-time fair queueing: the lane continues after its last job, or where
-- the queue is now. So deep lanes take turns, and each keeps its order. The jobs of other lanes have no priority:
-- BullMQ takes them first. Priorities restart once the shard is idle; until then they only grow, because the job of a
-- call may come late.
local function takePriority(event, lane)
  local head = redis.call('ZRANGE', prioritizedKey(tag), 0, 0, 'WITHSCORES')[2]
  local own, all = unpack(redis.call('HMGET', lanesKey(tag), 'priority:' .. event, 'priority'))
  local last, highest = tonumber(own or 0), tonumber(all or 0)
  local now = head and math.floor(tonumber(head) / 0x100000000) or highest -- BullMQ's score of a priority
  local step = math.max(1, math.ceil((lane.given - lane.givenBefore) / TICKETS_OF_PRIORITY))
  local priority = math.min(MAX_PRIORITY, math.max(last, now) + step)
  redis.call('HSET', lanesKey(tag), 'priority:' .. event, priority, 'priority', math.max(highest, priority))
  return priority
end

-- Writes the lanes. Returns for each: settled, waited before, priority.
local function writeLanes()
  local values, views = {}, {}
  for i = 1, #events do
    local event = events[i]
    local lane = lanes[event]
    local isDeep = event ~= '-' and waitingIn(lane) > MAX_BATCH_REQUESTS
    views[#views + 1] = lane.settled
    views[#views + 1] = lane.waitedBefore
    views[#views + 1] = isDeep and takePriority(event, lane) or 0
    values[4 * i - 3], values[4 * i - 2] = 'given:' .. event, lane.given
    values[4 * i - 1], values[4 * i] = 'settled:' .. event, lane.settled
  end
  redis.call('HSET', lanesKey(tag), unpack(values))
  return views
end

local reply = { settled, waitingBefore, {} }
for at = 6, #ARGV, FIELDS.COUNT do reply[#reply + 1] = accept(at) end
local unused = 0 -- places that this call gave to recorded tickets: they count as settled, for no ticket has them
for name, batch in pairs(batches) do
  local repeated = writeBatch(name, batch.added)
  batch.lane.settled, unused = batch.lane.settled + repeated, unused + repeated
end
for i = 1, #events do lastPlace = lastPlace + lanes[events[i]].given - lanes[events[i]].givenBefore end
redis.call('SET', sequenceKey(tag), lastPlace)
if unused > 0 then redis.call('INCRBY', settledKey(tag), unused) end
reply[3] = writeLanes()
return reply
