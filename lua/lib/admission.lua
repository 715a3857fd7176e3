-- admission: reads admissions and counts their uses.
--
-- An admission is "<generation of the line>:<position>:<uses>:<milliseconds of its end>". Four bits count the uses of
-- each position. The first use ends the visit: the visitor no longer counts as inside.

-- @include keys
-- @include tickets
-- @include room

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

-- An event's line: its generation, 0 where Redis knows no line, and when a postponed sale took admissions back, if
-- ever. `lines` caches it for one call of a script.
local lines = {}
local function lineOf(tag, event)
  if not lines[event] then
    local line = redis.call('HMGET', roomKey(tag, event), 'generation', 'revokedMs')
    lines[event] = { generation = tonumber(line[1] or nil) or 0, revokedMs = tonumber(line[2] or nil) }
  end
  return lines[event]
end

-- Whether a postponed sale took an admission back.
local function wasTakenBack(tag, event, admission, revokedMs)
  local terms = redis.call('HMGET', roomKey(tag, event), 'terms', 'turnMs', 'admissionMs')
  local position, untilMs = string.match(admission, '^%d+:(%d+):%d+:(%d+)$')
  return isRevoked(parseTerms(terms[1], terms[2], terms[3]), revokedMs, tonumber(position), tonumber(untilMs))
end

-- Whether an admission belongs to the current line: false where its line has ended or the admission was taken back, nil
-- where Redis does not know the line (yet).
local function isOfLine(tag, event, admission)
  local generation = tonumber(string.match(admission, '^(%d+):'))
  local line = lineOf(tag, event)
  if line.generation < generation then return nil end
  if line.generation > generation then return false end
  return not (line.revokedMs and wasTakenBack(tag, event, admission, line.revokedMs))
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
