-- openRoom: make Redis hold an event's waiting room as PostgreSQL has it: its line where there is none or an older one; its settings where they are newer.
-- KEYS[1]  roomStem         + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  roomHistoryStem  + event: sorted set of what serving was, by milliseconds
-- KEYS[3]  roomInsideStem   + event: hash of admissions by the ten seconds in which they end
-- ARGV[1]  event
-- ARGV[2]  generation    integer, of the line
-- ARGV[3]  version       integer, of the settings
-- ARGV[4]  numbers       integer, arrival numbers that PostgreSQL knows to be given, perhaps
-- ARGV[5]  serving       integer, the last position whose turn has come
-- ARGV[6]  people        integer, who came before the sale; '' while their line is open
-- ARGV[7]  chain         of their nonces, hexadecimal
-- ARGV[8]  steppedMs     milliseconds, the last step that PostgreSQL knows of: a line that does not is an old one
-- ARGV[9]  mode          off, on or auto
-- ARGV[10] paused        1 where nobody is let in
-- ARGV[11] perMinute     integer, people let in a minute; 0: no limit
-- ARGV[12] insideLimit   integer, people inside; 0: no limit
-- ARGV[13] etaLimitMs    integer, milliseconds
-- ARGV[14] turnMs        integer, milliseconds that a turn lasts
-- ARGV[15] admissionMs   integer, milliseconds that an admission lasts after it
-- ARGV[16] uses          integer, of an admission
-- ARGV[17] login         1 where only who logged in may join
-- ARGV[18] terms         that held before for positions called by then, as lib/room.lua has them; only where the line
--          is written
-- ARGV[19..] for each entry of the history, the oldest first: milliseconds, serving
-- RETURNS  1 where the line was written, else 0
-- COST     O(entries)
local roomStem, roomHistoryStem, roomInsideStem = KEYS[1], KEYS[2], KEYS[3]
local event, generation, version, numbers, serving = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local people, chain, steppedMs = ARGV[6], ARGV[7], ARGV[8]
local mode, paused, perMinute, insideLimit, etaLimitMs = ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13]
local turnMs, admissionMs, uses, login, terms = ARGV[14], ARGV[15], ARGV[16], ARGV[17], ARGV[18]

-- @include room

local room, history = roomStem .. event, roomHistoryStem .. event
local MAX_TERMS = 16 -- changes of how long turns last that are remembered apart; of more, the oldest together

-- The terms after a change of the length of turns and admissions, which holds for positions called after it.
local function addTerms(text, turnBeforeMs, admissionBeforeMs, servingNow)
  local all = readTerms(text, turnBeforeMs, admissionBeforeMs)
  all[#all].upTo = servingNow
  if #all > 1 and all[#all - 1].upTo >= servingNow then table.remove(all) end
  if #all > MAX_TERMS then
    local oldest = table.remove(all, 1)
    all[1].turnMs = math.max(oldest.turnMs, all[1].turnMs)
    all[1].admissionMs = math.max(oldest.admissionMs, all[1].admissionMs)
  end
  all[#all + 1] = {}
  return writeTerms(all)
end

local now = redis.call('HMGET', room, 'generation', 'version', 'stepMs', 'serving', 'turnMs', 'admissionMs', 'terms')
local isNew = not now[1] or tonumber(now[1]) < tonumber(generation) or tonumber(now[3]) < tonumber(steppedMs)
if isNew then
  redis.call('DEL', room, history, roomInsideStem .. event)
  -- Every number that PostgreSQL knows of may have been given: the next one is above.
  redis.call('HSET', room, 'generation', generation, 'joined', numbers, 'numbers', numbers, 'serving', serving)
  local drawn = people == '' and 0 or 1
  redis.call('HSET', room, 'people', people, 'chain', chain, 'drawn', drawn, 'base', serving)
  redis.call('HSET', room, 'stepMs', steppedMs, 'terms', terms)
  local oldest = 0
  for i = 19, #ARGV, 2 do
    redis.call('ZADD', history, ARGV[i], ARGV[i + 1])
    oldest = i == 19 and tonumber(ARGV[i]) or oldest
  end
  if oldest == 0 then redis.call('ZADD', history, 0, 0) end
  -- Whoever's turn came since the last entry has all of it still.
  if tonumber(serving) > 0 and not redis.call('ZSCORE', history, serving) then redis.call('ZADD', history, nowMs, serving) end
end
-- A step decides whether an automatic room is on; where a line was lost it is, until a step knows better.
local on = mode == 'on' or (mode == 'auto' and (isNew and numbers ~= '0' or redis.call('HGET', room, 'on') == '1'))
if isNew or tonumber(version) >= tonumber(now[2] or 0) then
  if not isNew and now[5] and (now[5] ~= turnMs or now[6] ~= admissionMs) then
    redis.call('HSET', room, 'terms', addTerms(now[7], now[5], now[6], tonumber(now[4])))
  end
  redis.call('HSET', room, 'version', version, 'mode', mode, 'paused', paused, 'perMinute', perMinute, 'on', on and 1 or 0)
  redis.call('HSET', room, 'insideLimit', insideLimit, 'etaLimitMs', etaLimitMs, 'turnMs', turnMs)
  redis.call('HSET', room, 'admissionMs', admissionMs, 'uses', uses, 'login', login)
end
return isNew and 1 or 0
