-- settleTickets: writes the outcomes of tickets and publishes them to the API nodes that watch. A ticket keeps its
-- first outcome.
-- KEYS[1]  tag           the shard's hash tag
-- ARGV[1]  ttlSec        integer, seconds that a ticket is kept after its outcome
-- ARGV[2]  keyedTtlSec   integer, the same for a ticket with an idempotency key: not shorter than the key lives
-- ARGV[3]  refusedTtlSec integer, the same for a refused ticket, and for its idempotency key
-- ARGV[4..] the fields of each ticket
-- RETURNS  { tickets that had no outcome, and for each of these that is refused and has a key: the key's digest }
-- COST     O(tickets)
local tag = KEYS[1]
local ttlSec, keyedTtlSec, refusedTtlSec = ARGV[1], ARGV[2], ARGV[3]

-- @include keys

local settled = 0
local refusedDigests = {}
local linesByNode = {}

local function settle(id, outcome, isRefused)
  local key = ticketKey(tag, id)
  local ticket = redis.call('HMGET', key, 'outcome', 'watchers', 'keyed')
  local outcomeBefore, watchers, digest = ticket[1], ticket[2], ticket[3]
  if outcomeBefore then return end
  redis.call('HSET', key, 'outcome', outcome)
  redis.call('EXPIRE', key, isRefused and refusedTtlSec or digest and keyedTtlSec or ttlSec)
  if isRefused and digest then
    redis.call('EXPIRE', idempotencyKey(tag, digest), refusedTtlSec)
    refusedDigests[#refusedDigests + 1] = digest
  end
  settled = settled + 1
  for node in string.gmatch(watchers or '', '%S+') do
    local lines = linesByNode[node] or {}
    lines[#lines + 1] = id .. ' ' .. outcome
    linesByNode[node] = lines
  end
end

for at = 4, #ARGV, FIELDS.COUNT do
  settle(ARGV[at + FIELDS.ticketId], ARGV[at + FIELDS.outcome], ARGV[at + FIELDS.refused] == '1')
end
if settled > 0 then redis.call('INCRBY', settledKey(tag), settled) end
for node, lines in pairs(linesByNode) do
  redis.call('PUBLISH', nodeChannel(tag, node), table.concat(lines, '\n'))
end
return { settled, unpack(refusedDigests) }
