-- room: what the waiting room's scripts know of the line. Included by them, never run alone. It uses their names roomStem,
-- historyStem and, of bitmaps, whatever stem it is given.
--
-- Bits of positions and of arrival numbers lie in chunks, so that those far back cost nothing. The history is a sorted set of
-- what `serving` was, by the millisecond since which it was that: the first entry at or above a position tells when its turn came.

local CHUNK = 65536
local CHUNK_TTL_SEC = 86400

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)

local function chunkKey(stem, event, generation, number)
  return stem .. event .. ':' .. generation .. ':' .. math.floor(number / CHUNK)
end

local function getMark(stem, event, generation, number)
  return redis.call('GETBIT', chunkKey(stem, event, generation, number), number % CHUNK) == 1
end

local function setMark(stem, event, generation, number)
  local key = chunkKey(stem, event, generation, number)
  redis.call('SETBIT', key, number % CHUNK, 1)
  redis.call('EXPIRE', key, CHUNK_TTL_SEC)
end

-- Marks from one number to another, both included.
local function countMarks(stem, event, generation, from, to)
  local marks = 0
  while from <= to do
    local last = math.min(to, (math.floor(from / CHUNK) + 1) * CHUNK - 1)
    marks = marks
      + redis.call('BITCOUNT', chunkKey(stem, event, generation, from), from % CHUNK, last % CHUNK, 'BIT')
    from = last + 1
  end
  return marks
end

-- Takes marks back from one number to another, both included.
local function clearMarks(stem, event, generation, from, to)
  while from <= to do
    local key = chunkKey(stem, event, generation, from)
    local first, last = from % CHUNK, math.min(to - from + from % CHUNK, CHUNK - 1)
    from = from + last - first + 1
    if redis.call('EXISTS', key) == 1 then
      -- of those that are cleared whole
      local firstByte, lastByte = math.ceil(first / 8), math.floor((last + 1) / 8) - 1
      if firstByte <= lastByte then
        redis.call('SETRANGE', key, firstByte, string.rep('\0', lastByte - firstByte + 1))
      end
      for bit = first, math.min(firstByte * 8 - 1, last) do redis.call('SETBIT', key, bit, 0) end
      for bit = math.max((lastByte + 1) * 8, first), last do redis.call('SETBIT', key, bit, 0) end
    end
  end
end

-- What `serving` was at a time. The history always has an entry older than whoever may still ask.
local function servingAt(history, ms)
  return tonumber(redis.call('ZREVRANGEBYSCORE', history, ms, '-inf', 'LIMIT', 0, 1)[1] or 0)
end

-- When a position's turn came, in milliseconds; nil where that is longer ago than the history goes back.
local function turnedMs(history, position)
  local low, high = 0, redis.call('ZCARD', history) - 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('ZRANGE', history, middle, middle)[1]) >= position then high = middle else low = middle + 1 end
  end
  local entry = redis.call('ZRANGE', history, low, low, 'WITHSCORES')
  if low == 0 or not entry[1] or tonumber(entry[1]) < position then return nil end
  return tonumber(entry[2])
end

-- Milliseconds by which a time that was noted may lie ahead of the clock. One further ahead was noted by another clock:
-- this Redis has taken over from one whose clock was faster.
local MAX_AHEAD_MS = 1000

-- Entries of the history that were noted by a faster clock count as noted now: else later ones would stand before them.
local function dateBack(history)
  local last = redis.call('ZRANGE', history, -1, -1, 'WITHSCORES')
  if not last[2] or tonumber(last[2]) <= nowMs then return end
  redis.call('ZREMRANGEBYSCORE', history, '(' .. nowMs, '+inf')
  redis.call('ZADD', history, nowMs, last[1])
end

-- A new length of turns and admissions holds for positions called after it: earlier promises stand. Reads the room's
-- `terms`, "<last position>:<turn ms>:<admission ms>" for each change, the oldest first; after them come those that
-- hold now.
local function readTerms(text, turnMs, admissionMs)
  local terms = {}
  for upTo, turn, admission in string.gmatch(text or '', '(%d+):(%d+):(%d+)') do
    terms[#terms + 1] = { upTo = tonumber(upTo), turnMs = tonumber(turn), admissionMs = tonumber(admission) }
  end
  terms[#terms + 1] = { upTo = math.huge, turnMs = tonumber(turnMs), admissionMs = tonumber(admissionMs) }
  return terms
end

-- Writes all terms but the last, which the settings have.
local function writeTerms(terms)
  local texts = {}
  for i = 1, #terms - 1 do
    texts[i] = string.format('%.0f:%.0f:%.0f', terms[i].upTo, terms[i].turnMs, terms[i].admissionMs)
  end
  return table.concat(texts, ',')
end

local function termsOf(terms, position)
  for i = 1, #terms do
    if position <= terms[i].upTo then return terms[i] end
  end
end

-- Milliseconds that the history goes back: as long as anybody's turn and admission last, and a minute.
local function windowOf(terms)
  local windowMs = 60000
  for i = 1, #terms do windowMs = math.max(windowMs, terms[i].turnMs + terms[i].admissionMs) end
  return windowMs
end

-- The last position of those of whose turns this share is over, or so many milliseconds, and of all before it.
local function turnsOver(history, terms, share, mostMs)
  local over = 0
  for i = 1, #terms do
    local overMs = math.min(share * terms[i].turnMs, mostMs)
    over = math.min(math.max(over, servingAt(history, nowMs - overMs)), terms[i].upTo)
    if over < terms[i].upTo then return over end
  end
end

-- The bucket that an admission which ends at a time is counted in: ten seconds wide.
local function bucketOf(untilMs) return math.floor(untilMs / 10000) end

-- The line of those who came before the sale is closed once the sale has begun: they are `people`, all that joined so far. While nobody
-- has joined, the on-sale time may still move. Returns people, or nil while the line is open.
local function closeLine(room, people, joined, onSaleMs)
  if onSaleMs and nowMs >= onSaleMs and people == '' then
    people = tostring(joined)
  elseif onSaleMs and nowMs < onSaleMs and joined == 0 then
    people = ''
  else
    return tonumber(people)
  end
  redis.call('HSET', room, 'people', people, 'drawn', people == '0' and 1 or 0)
  return tonumber(people)
end
