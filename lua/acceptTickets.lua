-- acceptTickets: record a batch of tickets, give each its place, judge idempotency keys and ends of admissions.
-- KEYS[1]  sequence     integer, the last place given
-- KEYS[2]  settled      integer, tickets that have their outcome
-- KEYS[3]  ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed, admitted
-- KEYS[4]  idemStem     + digest of the key: "<ticket id> <fingerprint>"
-- KEYS[5]  waiting      BullMQ's list of waiting jobs
-- KEYS[6]  active       BullMQ's list of jobs under way
-- KEYS[7]  delayed      BullMQ's sorted set of jobs that are tried again later
-- ARGV[1]  maxQueued    integer, tickets without an outcome that there may be
-- ARGV[2]  idemTtlSec   integer, seconds that an idempotency key is remembered, unless its request is refused
-- ARGV[3]  node         id of the API node that asks; it is told of the outcomes
-- ARGV[4]  fresh        1 where no ticket of these ids can be there yet, 0 where a call before may have recorded them
-- ARGV[5..] for each ticket: ticket id, kind, user or '', digest of the idempotency key or '', fingerprint or '',
--           milliseconds of the end of its admission or ''
-- RETURNS  { settled, and for each: ticket id, '' if the key was used with another body or ENDED if the admission has
--           ended; place; 1 if it has to be put on the queue }, or OVERLOADED
-- COST     O(tickets)
local sequence, settled, ticketStem, idemStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local waiting, active, delayed = KEYS[5], KEYS[6], KEYS[7]
local maxQueued, idemTtlSec, node, fresh = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4] == '1'

-- @include idempotency

local last = tonumber(redis.call('GET', sequence) or 0)
local done = tonumber(redis.call('GET', settled) or 0)

-- A ticket whose API died before its job was queued never settles. An empty queue shows the true difference: none.
if
  done ~= last
  and redis.call('LLEN', waiting) == 0
  and redis.call('LLEN', active) == 0
  and redis.call('ZCARD', delayed) == 0
then
  done = last
  redis.call('SET', settled, done)
end

if last - done + (#ARGV - 4) / 6 > maxQueued then return 'OVERLOADED' end

local reply = { done }
local function answer(id, place, enqueue)
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3] = id, place, enqueue
end

-- An admission is judged at acceptance: a request that was accepted in time books, however long the queue is.
local nowMs
local function hasEnded(untilMs)
  if untilMs == '' then return false end
  if not nowMs then
    local time = redis.call('TIME')
    nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return nowMs >= tonumber(untilMs)
end

for i = 5, #ARGV, 6 do
  local id, kind, user, digest, fingerprint, untilMs =
    ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local mismatch = false
  if digest ~= '' then
    id, mismatch = bindKey(digest, id, fingerprint, idemTtlSec)
  end
  if mismatch then
    answer('', 0, 0)
  else
    local isNew = fresh and id == ARGV[i]
    local ticket = isNew and {} or redis.call('HMGET', ticketStem .. id, 'seq', 'outcome', 'queued')
    local place = tonumber(ticket[1])
    -- A key that is repeated puts its ticket on the queue unless it is known to be there (noteQueued): its API may have died
    -- in between. The entry's own id comes twice only where its flush is tried again, and then nobody knows.
    local enqueue = not ticket[2] and (id == ARGV[i] or not ticket[3])
    if not place and hasEnded(untilMs) then
      -- the key may come under a new admission
      if digest ~= '' and id == ARGV[i] then redis.call('DEL', idemStem .. digest) end
      id, place, enqueue = 'ENDED', 0, false
    elseif not place then
      last = last + 1
      place = last
      redis.call('HSET', ticketStem .. id, 'seq', place, 'kind', kind, 'watchers', node)
      if user ~= '' then redis.call('HSET', ticketStem .. id, 'user', user) end
      if digest ~= '' then redis.call('HSET', ticketStem .. id, 'keyed', digest) end
      if untilMs ~= '' then redis.call('HSET', ticketStem .. id, 'admitted', 1) end
      enqueue = true
    end
    answer(id, place, enqueue and 1 or 0)
  end
end
redis.call('SET', sequence, last)
return reply
