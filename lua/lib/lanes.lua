-- lanes: the tickets of each event, counted: its lane (docs/architecture/pipeline.md, "Lanes"). The hash has
-- `given:<event>`, the last place given, and `settled:<event>`, the places that are settled; `priority:<event>` and
-- `priority`, the last priority of the event's jobs and of all. Changes, which name no event, are the lane '-'.

-- @include keys

-- New lanes of events, by event.
local function newLanes(events, start)
  local lanes = {}
  for i = 1, #events do lanes[events[i]] = { given = start, settled = start } end
  return lanes
end

-- The lanes of events, by event: { given =, settled = }. A lane that is not counted yet begins at `start`.
local function readLanes(tag, events, start)
  local fields, lanes = {}, {}
  for i = 1, #events do
    fields[2 * i - 1], fields[2 * i] = 'given:' .. events[i], 'settled:' .. events[i]
  end
  local counts = redis.call('HMGET', lanesKey(tag), unpack(fields))
  for i = 1, #events do
    local given, settled = tonumber(counts[2 * i - 1] or nil), tonumber(counts[2 * i] or nil)
    local isCounted = given and settled
    lanes[events[i]] = { given = isCounted and given or start, settled = isCounted and settled or start }
  end
  return lanes
end

-- Tickets of a lane without an outcome. A ticket of the version before is settled without a place in its lane.
local function waitingIn(lane) return math.max(0, lane.given - lane.settled) end

-- The event in a ticket's head.
local function eventIn(head) return string.match(head, '^%S+ %S+ (%S+)') end
