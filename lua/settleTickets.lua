-- settleTickets: write outcomes to their tickets, the first writer wins, and tell the API nodes that watch them.
-- KEYS[1]  settled      integer, tickets that have their outcome
-- KEYS[2]  ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed, admitted
-- KEYS[3]  idemStem     + digest of the key: "<ticket id> <fingerprint>"
-- KEYS[4]  channelStem  + node: channel of an API node; a message has a line "<ticket id> <outcome as JSON>" for each
-- ARGV[1]  ttlSec       integer, seconds that a ticket is kept after its outcome
-- ARGV[2]  keyedTtlSec  integer, the same where an idempotency key leads to the ticket: not shorter than the key lives
-- ARGV[3]  refusedTtlSec integer, the same for a ticket that was refused, and for the key that leads to it
-- ARGV[4..] for each ticket: ticket id, outcome as JSON, 1 if it was refused, else 0
-- RETURNS  { tickets that had no outcome before, and for each of these that was refused and has a key: the key's digest
--          }
-- COST     O(tickets)
local settled, ticketStem, idemStem, channelStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ttlSec, keyedTtlSec, refusedTtlSec = ARGV[1], ARGV[2], ARGV[3]

local first = 0
local byNode = {}
local reply = { 0 }
for i = 4, #ARGV, 3 do
  local id, outcome, refused = ARGV[i], ARGV[i + 1], ARGV[i + 2] == '1'
  local ticket = redis.call('HMGET', ticketStem .. id, 'outcome', 'watchers', 'keyed')
  if not ticket[1] then
    local digest = ticket[3]
    redis.call('HSET', ticketStem .. id, 'outcome', outcome)
    redis.call('EXPIRE', ticketStem .. id, refused and refusedTtlSec or digest and keyedTtlSec or ttlSec)
    if refused and digest then
      redis.call('EXPIRE', idemStem .. digest, refusedTtlSec)
      reply[#reply + 1] = digest
    end
    first = first + 1
    for node in string.gmatch(ticket[2] or '', '%S+') do
      local messages = byNode[node] or {}
      messages[#messages + 1] = id .. ' ' .. outcome
      byNode[node] = messages
    end
  end
end
if first > 0 then redis.call('INCRBY', settled, first) end
for node, messages in pairs(byNode) do
  redis.call('PUBLISH', channelStem .. node, table.concat(messages, '\n'))
end
reply[1] = first
return reply
