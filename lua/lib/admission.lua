-- admission: reads admissions and counts their uses.
--
-- An admission is "<generation of the line>:<position>:<uses>:<milliseconds of its end>". Four bits count the uses of
-- each position. The first use ends the visit: the visitor no longer counts as inside.

-- @include keys
-- @include tickets

-- @constants LINE_CHUNK
local USES_TTL_SEC = 86400

local function parseAdmission(tag, event, admission)
  local generation, position, uses, untilMs = string.match(admission, '^(%d+):(%d+):(%d+):(%d+)$')
  position = tonumber(position)
  return {
    usesKey = roomUsesStem(tag, event, generation) .. math.floor(position / LINE_CHUNK),
    usesOffset = '#' .. (position % LINE_CHUNK),
    uses = tonumber(uses),
    bucket = math.floor(tonumber(untilMs) / 10000),
  }
end

-- The generation of an event's line; 0 where Redis knows no line. `generations` caches it for one call of a script.
local generations = {}
local function generationOfLine(tag, event)
  if not generations[event] then
    generations[event] = tonumber(redis.call('HGET', roomKey(tag, event), 'generation') or nil) or 0
  end
  return generations[event]
end

-- Whether an admission belongs to the current line: false where its line has ended, nil where Redis does not know the
-- line (yet).
local function isOfLine(tag, event, admission)
  local generation = tonumber(string.match(admission, '^(%d+):'))
  local current = generationOfLine(tag, event)
  if current < generation then return nil end
  return current == generation
end

local function endOfAdmission(admission) return tonumber(string.match(admission, ':(%d+)$')) end

-- Whether an admission has uses left.
local function hasUsesLeft(tag, event, admission)
  local parsed = parseAdmission(tag, event, admission)
  return redis.call('BITFIELD', parsed.usesKey, 'GET', 'u4', parsed.usesOffset)[1] < parsed.uses
end

-- Adds a use (`change` 1) by a ticket that got seats, or takes it back (`change` -1).
local function countUse(tag, event, admission, ticketId, seats, change)
  local parsed = parseAdmission(tag, event, admission)
  local used =
    redis.call('BITFIELD', parsed.usesKey, 'OVERFLOW', 'SAT', 'INCRBY', 'u4', parsed.usesOffset, change)[1]
  redis.call('EXPIRE', parsed.usesKey, USES_TTL_SEC)
  redis.call('HINCRBY', roomKey(tag, event), 'got', seats * change)
  local key, field = extraField(tag, ticketId, 'use')
  if change == 1 then
    redis.call('HSET', key, field, admission .. ':' .. seats)
  else
    redis.call('HDEL', key, field)
  end
  -- Until the admission ends, its visitor counts as inside while no use stands.
  local insideKey = roomInsideKey(tag, event)
  local inside = tonumber(redis.call('HGET', insideKey, parsed.bucket) or 0)
  if (change == 1 and used == 1 and inside > 0) or (change == -1 and used == 0) then
    redis.call('HINCRBY', insideKey, parsed.bucket, -change)
  end
end

-- Takes back the use of a ticket whose claim is released before the ticket has an outcome: it did not become a booking.
local function takeBackUse(tag, event, ticketId)
  local _, state = readTicket(tag, ticketId)
  if not state or isSettled(state) then return end
  local admission, seats = string.match(redis.call('HGET', extraField(tag, ticketId, 'use')) or '', '^(.+):(%d+)$')
  if admission then countUse(tag, event, admission, ticketId, tonumber(seats), -1) end
end
