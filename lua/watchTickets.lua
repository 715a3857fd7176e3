-- watchTickets: reads tickets, and registers an API node for the outcomes of those that have none yet.
-- KEYS[1]  tag   the shard's hash tag
-- ARGV[1]  node  id of the API node, or '' to read only
-- ARGV[2..] ticket ids
-- RETURNS  { settled, waiting, and a list: for each ticket { place, kind, outcome or '', user or '', event or '',
--          settled, waiting }, the last two of its lane; {} where the ticket is unknown }
-- COST     O(tickets)
local tag, node = KEYS[1], ARGV[1]

-- @include keys
-- @include lanes
-- @include tickets

local accepted, settled = unpack(redis.call('MGET', sequenceKey(tag), settledKey(tag)))
accepted, settled = tonumber(accepted or 0), tonumber(settled or 0)
local lanes = {} -- those that this call has read, by event

local function readLane(event)
  lanes[event] = lanes[event] or readLanes(tag, { event }, settled)[event]
  return lanes[event]
end

-- The node that accepted a batch gets the outcomes of all its tickets, another node those of the tickets that it reads.
local function watch(id)
  local batch = splitId(id)
  local nodes = isSingle(id) and '' or redis.call('HGET', batchKey(tag, batch), 'node') or ''
  if string.find(nodes, node, 1, true) then return end
  local key, field = extraField(tag, id, 'watchers')
  local watchers = redis.call('HGET', key, field)
  if watchers and string.find(watchers, node, 1, true) then return end
  redis.call('HSET', key, field, watchers and watchers .. ' ' .. node or node)
  if not isSingle(id) then redis.call('HSET', key, 'watched', 1) end
end

local function read(id)
  local head, state = readTicket(tag, id)
  if not head then head, state = readSingle(tag, id) end -- the copy of a keyed outcome outlives the batch
  if not head then return {} end
  local place, kind, event, user = string.match(head, '^(%S+) (%S+) (%S+) (%S+)')
  local outcome = outcomeIn(state)
  if node ~= '' and not outcome then watch(id) end
  local lane = readLane(event)
  return {
    tonumber(place) or 0,
    kind == '-' and 'book' or kind,
    outcome or '',
    user == '-' and '' or user,
    event == '-' and '' or event,
    lane.settled,
    waitingIn(lane),
  }
end

local tickets = {}
for i = 2, #ARGV do tickets[#tickets + 1] = read(ARGV[i]) end
return { settled, math.max(0, accepted - settled), tickets }
