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
