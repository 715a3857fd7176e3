-- settleTickets: write outcomes to their tickets, the first writer wins, and tell the API nodes that watch them.
-- KEYS[1]  settled      integer, tickets that have their outcome
-- KEYS[2]  ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed
-- KEYS[3]  channelStem  + node: channel of an API node; a message has a line "<ticket id> <outcome as JSON>" for each
-- ARGV[1]  ttlSec       integer, seconds that a ticket is kept after its outcome
-- ARGV[2]  keyedTtlSec  integer, the same where an idempotency key leads to the ticket: not shorter than the key lives
-- ARGV[3..] for each ticket: ticket id, outcome as JSON
-- RETURNS  integer, tickets that had no outcome before
-- COST     O(tickets)
local settled, ticketStem, channelStem = KEYS[1], KEYS[2], KEYS[3]
local ttlSec, keyedTtlSec = ARGV[1], ARGV[2]

local first = 0
local byNode = {}
for i = 3, #ARGV, 2 do
  local id, outcome = ARGV[i], ARGV[i + 1]
  local ticket = redis.call('HMGET', ticketStem .. id, 'outcome', 'watchers', 'keyed')
  if not ticket[1] then
    redis.call('HSET', ticketStem .. id, 'outcome', outcome)
    redis.call('EXPIRE', ticketStem .. id, ticket[3] and keyedTtlSec or ttlSec)
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
return first
