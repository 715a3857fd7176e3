-- openRoom: make Redis hold an event's waiting room as PostgreSQL has it: a line that is missing or older, settings
-- that are older. The room is published.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; version of the settings; numbers: arrival numbers that may have been
--          given; serving: the last called position; people: drawn visitors, absent while the line is open for the
--          draw; chain of their nonces, hexadecimal; steppedMs: Redis' time of the last step that PostgreSQL knows;
--          terms: earlier lengths of turns and admissions, as lib/room.lua formats them; history: [milliseconds,
--          serving] of each entry, the oldest first; settings: fields of the hash, with mode ('off', 'on' or 'auto'),
--          turnMs and admissionMs
-- RETURNS  JSON: isNew: whether the line was written
-- COST     O(entries of the history)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include room
-- @include roomState

-- @constants MAX_TERMS

local nowMs = clockMs()
local room, history = roomKey(tag, request.event), roomHistoryKey(tag, request.event)

-- The terms after a change of the lengths of turns and admissions, which holds for positions called after it.
local function addTerms(text, turnMs, admissionMs, serving)
  local terms = parseTerms(text, turnMs, admissionMs)
  terms[#terms].upTo = serving
  if #terms > 1 and terms[#terms - 1].upTo >= serving then table.remove(terms) end
  if #terms > MAX_TERMS then
    local oldest = table.remove(terms, 1)
    terms[1].turnMs = math.max(oldest.turnMs, terms[1].turnMs)
    terms[1].admissionMs = math.max(oldest.admissionMs, terms[1].admissionMs)
  end
  terms[#terms + 1] = {}
  return formatTerms(terms)
end

local function writeLine()
  redis.call('DEL', room, history, roomInsideKey(tag, request.event))
  local serving, people = request.serving, request.people
  -- All numbers that PostgreSQL knows may have been given: the next one is above them.
  redis.call('HSET', room, 'generation', request.generation, 'joined', request.numbers, 'numbers', request.numbers)
  redis.call('HSET', room, 'serving', serving, 'base', serving, 'stepMs', request.steppedMs, 'terms', request.terms)
  redis.call('HSET', room, 'people', people or '', 'chain', request.chain, 'drawn', people and 1 or 0)
  for _, entry in ipairs(request.history) do redis.call('ZADD', history, entry[1], entry[2]) end
  local oldest = request.history[1]
  if not oldest or oldest[1] == 0 then redis.call('ZADD', history, 0, 0) end
  -- Visitors who were called since the last entry have their full turn.
  if serving > 0 and not redis.call('ZSCORE', history, serving) then redis.call('ZADD', history, nowMs, serving) end
end

local function writeSettings(line, isNew)
  local settings = request.settings
  local turnMs, admissionMs = tonumber(line[5]), tonumber(line[6])
  if not isNew and turnMs and (turnMs ~= settings.turnMs or admissionMs ~= settings.admissionMs) then
    redis.call('HSET', room, 'terms', addTerms(line[7], turnMs, admissionMs, tonumber(line[4])))
  end
  for name, value in pairs(settings) do redis.call('HSET', room, name, value) end
  -- Steps decide whether an automatic room is on. A line that was lost is on until the next step.
  local wasOn = line[8] == '1'
  if isNew then wasOn = request.numbers > 0 end
  local isOn = settings.mode == 'on' or (settings.mode == 'auto' and wasOn)
  redis.call('HSET', room, 'version', request.version, 'on', isOn and 1 or 0)
end

local line = redis.call(
  'HMGET', room, 'generation', 'version', 'stepMs', 'serving', 'turnMs', 'admissionMs', 'terms', 'on'
)
local isNew = not line[1] or tonumber(line[1]) < request.generation or tonumber(line[3]) < request.steppedMs
if isNew then writeLine() end
if isNew or request.version >= (tonumber(line[2]) or 0) then writeSettings(line, isNew) end
publishRoom(tag, request.event)
return cjson.encode({ isNew = isNew })
