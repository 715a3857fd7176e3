-- watchTickets: reads tickets, and registers an API node for the outcomes of those that have none yet.
-- KEYS[1]  tag   the shard's hash tag
-- ARGV[1]  node  id of the API node, or '' to read only
-- ARGV[2..] ticket ids
-- RETURNS  { settled, { place, kind, outcome or '', user or '' } for each, {} where the ticket is unknown }
-- COST     O(tickets)
local tag, node = KEYS[1], ARGV[1]

-- @include keys

local function readTicket(key)
  local ticket = redis.call('HMGET', key, 'seq', 'outcome', 'watchers', 'kind', 'user')
  local place, outcome, watchers, kind, user = ticket[1], ticket[2], ticket[3], ticket[4], ticket[5]
  if not place and not outcome then return {} end
  if node ~= '' and not outcome and not string.find(watchers or '', node, 1, true) then
    redis.call('HSET', key, 'watchers', (watchers and watchers .. ' ' or '') .. node)
  end
  return { tonumber(place or 0), kind or 'book', outcome or '', user or '' }
end

local tickets = {}
for i = 2, #ARGV do tickets[#tickets + 1] = readTicket(ticketKey(tag, ARGV[i])) end
return { tonumber(redis.call('GET', settledKey(tag)) or 0), tickets }
