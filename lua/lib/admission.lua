-- admission: what the seat scripts know of admissions. Included by them, never run alone. It uses their names ticketStem, roomStem,
-- roomUsesStem and roomInsideStem.
--
-- An admission is "<generation of the line>:<position>:<uses>:<milliseconds of its end>". Its uses are counted in four bits for each
-- position. With the first use its owner has what they came for and makes room inside.

local USES_CHUNK = 65536
local USES_TTL_SEC = 86400

local function readAdmission(event, admission)
  local generation, position, uses, untilMs = string.match(admission, '^(%d+):(%d+):(%d+):(%d+)$')
  position = tonumber(position)
  return {
    key = roomUsesStem .. event .. ':' .. generation .. ':' .. math.floor(position / USES_CHUNK),
    at = '#' .. (position % USES_CHUNK),
    uses = tonumber(uses),
    bucket = math.floor(tonumber(untilMs) / 10000),
  }
end

local lines = {} -- the generation of each event's line, as far as this call has read it; 0 where Redis knows no line
local function lineOf(event)
  if not lines[event] then
    lines[event] = tonumber(redis.call('HGET', roomStem .. event, 'generation') or nil) or 0
  end
  return lines[event]
end

-- Whether an admission is of the line that stands now: false where that line has ended, nil where Redis does not know
-- it (yet).
local function isOfLine(event, admission)
  local generation = tonumber(string.match(admission, '^(%d+):'))
  if lineOf(event) < generation then return nil end
  return lineOf(event) == generation
end

local function endOf(admission) return tonumber(string.match(admission, ':(%d+)$')) end

-- Whether uses of an admission are left.
local function mayUse(event, admission)
  local read = readAdmission(event, admission)
  return redis.call('BITFIELD', read.key, 'GET', 'u4', read.at)[1] < read.uses
end

-- Counts a use of an admission by a ticket that got seats, or takes it back (`more` 1 or -1).
local function countUse(event, admission, id, seats, more)
  local read = readAdmission(event, admission)
  local used = redis.call('BITFIELD', read.key, 'OVERFLOW', 'SAT', 'INCRBY', 'u4', read.at, more)[1]
  redis.call('EXPIRE', read.key, USES_TTL_SEC)
  redis.call('HINCRBY', roomStem .. event, 'got', seats * more)
  if more == 1 then
    redis.call('HSET', ticketStem .. id, 'use', admission .. ':' .. seats)
  else
    redis.call('HDEL', ticketStem .. id, 'use')
  end
  -- The first use makes room, and the last that is taken back takes it again, until the admission ends.
  local inside = tonumber(redis.call('HGET', roomInsideStem .. event, read.bucket) or 0)
  if (more == 1 and used == 1 and inside > 0) or (more == -1 and used == 0) then
    redis.call('HINCRBY', roomInsideStem .. event, read.bucket, -more)
  end
end

-- Takes back the use of a ticket whose claim is released before it has an outcome: it did not become a booking.
local function giveBackUse(event, id)
  local ticket = redis.call('HMGET', ticketStem .. id, 'use', 'outcome')
  local admission, seats = string.match(ticket[1] or '', '^(.+):(%d+)$')
  if admission and not ticket[2] then countUse(event, admission, id, tonumber(seats), -1) end
end
