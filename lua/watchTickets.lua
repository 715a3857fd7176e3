-- watchTickets: read tickets and, for those without an outcome, note that an API node wants to be told of it.
-- KEYS[1]  settled      integer, tickets that have their outcome
-- KEYS[2]  ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed, admitted
-- ARGV[1]  node         id of the API node that watches, or '' to read only
-- ARGV[2..] ticket ids
-- RETURNS  { settled, { place, kind, outcome or '', user or '' } for each, {} where the ticket is unknown }
-- COST     O(tickets)
local settled, ticketStem = KEYS[1], KEYS[2]
local node = ARGV[1]

local replies = {}
for i = 2, #ARGV do
  local key = ticketStem .. ARGV[i]
  local ticket = redis.call('HMGET', key, 'seq', 'outcome', 'watchers', 'kind', 'user')
  if not ticket[1] and not ticket[2] then
    replies[#replies + 1] = {}
  else
    if node ~= '' and not ticket[2] and not string.find(ticket[3] or '', node, 1, true) then
      redis.call('HSET', key, 'watchers', (ticket[3] and ticket[3] .. ' ' or '') .. node)
    end
    replies[#replies + 1] = { tonumber(ticket[1] or 0), ticket[4] or 'book', ticket[2] or '', ticket[5] or '' }
  end
end
return { tonumber(redis.call('GET', settled) or 0), replies }
