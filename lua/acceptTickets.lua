-- acceptTickets: records a batch of tickets, gives each its place, and judges idempotency keys and the ends of
-- admissions.
-- KEYS[1]  tag          the shard's hash tag
-- ARGV[1]  maxQueued    integer, tickets without an outcome that there may be
-- ARGV[2]  idemTtlSec   integer, seconds that an idempotency key is remembered, unless its request is refused
-- ARGV[3]  node         id of the calling API node; outcomes are published to it
-- ARGV[4]  fresh        1 where no ticket of these ids can be recorded, 0 where an earlier call may have recorded them
-- ARGV[5..] the fields of each ticket
-- RETURNS  { settled, and for each: ticket id, '' if its key is bound to another request or ENDED if its admission has
--          ended; place; 1 if it has to be put on the queue }, or OVERLOADED, and nothing was recorded
-- COST     O(tickets)
local tag = KEYS[1]
local maxQueued, idemTtlSec, node, areFresh = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4] == '1'

-- @include keys
-- @include clock
-- @include idempotency

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

-- Records a new ticket. Returns its place.
local function recordTicket(id, kind, user, digest, admittedUntilMs)
  local key = ticketKey(tag, id)
  lastPlace = lastPlace + 1
  redis.call('HSET', key, 'seq', lastPlace, 'kind', kind, 'watchers', node)
  if user ~= '' then redis.call('HSET', key, 'user', user) end
  if digest ~= '' then redis.call('HSET', key, 'keyed', digest) end
  if admittedUntilMs ~= '' then redis.call('HSET', key, 'admitted', 1) end
  return lastPlace
end

-- Accepts the ticket whose fields begin at ARGV[at]. Returns its id, place, and whether it has to be put on the queue.
local function accept(at)
  local newId, digest = ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.keyDigest]
  local id, isOtherRequest = newId, false
  if digest ~= '' then
    id, isOtherRequest = bindIdempotencyKey(tag, digest, newId, ARGV[at + FIELDS.fingerprint], idemTtlSec)
  end
  if isOtherRequest then return '', 0, false end

  local isNew = areFresh and id == newId
  local ticket = isNew and {} or redis.call('HMGET', ticketKey(tag, id), 'seq', 'outcome', 'queued')
  local place, outcome, isQueued = tonumber(ticket[1]), ticket[2], ticket[3]
  if place then
    -- A repeated key puts its ticket on the queue unless its job is known to be there (noteQueued): its API may have
    -- died before. An own id that is already recorded is a flush that is tried again: its job may be missing, too.
    return id, place, not outcome and (id == newId or not isQueued)
  end
  -- An admission is judged at acceptance: a request that is accepted in time books, however long the queue is.
  local admittedUntilMs = ARGV[at + FIELDS.admittedUntilMs]
  if admittedUntilMs ~= '' and clockMs() >= tonumber(admittedUntilMs) then
    -- The key may come again with a new admission.
    if digest ~= '' and id == newId then redis.call('DEL', idempotencyKey(tag, digest)) end
    return 'ENDED', 0, false
  end
  return id, recordTicket(id, ARGV[at + FIELDS.kind], ARGV[at + FIELDS.user], digest, admittedUntilMs), true
end

local reply = { settled }
for at = 5, #ARGV, FIELDS.COUNT do
  local id, place, isToQueue = accept(at)
  local length = #reply
  reply[length + 1], reply[length + 2], reply[length + 3] = id, place, isToQueue and 1 or 0
end
redis.call('SET', sequenceKey(tag), lastPlace)
return reply
