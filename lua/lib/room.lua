-- room: reads and writes a waiting room's line. Scripts of the waiting room include it.
--
-- `room` is the key of the room's hash. `history` is the key of a sorted set: each value that `serving` (the last
-- called position) had, by the millisecond since which it had it. The first entry at or above a position holds the time
-- at which its turn began.

-- @constants MAX_NOTED_AHEAD_MS

local function refusal(code) return cjson.encode({ refused = code }) end

-- The value of `serving` at a time. The history always has an entry that is older than any turn or admission.
local function servingAt(history, ms)
  return tonumber(redis.call('ZREVRANGEBYSCORE', history, ms, '-inf', 'LIMIT', 0, 1)[1] or 0)
end

-- The time at which the turn of a position began, in milliseconds; nil where it is older than the history.
local function turnBeganMs(history, position)
  local low, high = 0, redis.call('ZCARD', history) - 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('ZRANGE', history, middle, middle)[1]) >= position then
      high = middle
    else
      low = middle + 1
    end
  end
  local entry = redis.call('ZRANGE', history, low, low, 'WITHSCORES')
  if low == 0 or not entry[1] or tonumber(entry[1]) < position then return nil end
  return tonumber(entry[2])
end

-- Dates entries of the history that a faster clock noted to now: otherwise later entries would stand before them.
local function dateBack(history, nowMs)
  local last = redis.call('ZRANGE', history, -1, -1, 'WITHSCORES')
  if not last[2] or tonumber(last[2]) <= nowMs then return end
  redis.call('ZREMRANGEBYSCORE', history, '(' .. nowMs, '+inf')
  redis.call('ZADD', history, nowMs, last[1])
end

-- Parses the lengths of turns and admissions, the oldest first. `text` has "<last position>:<turn ms>:<admission ms>"
-- for each earlier pair of lengths: a change holds only for positions that are called after it. The current pair comes
-- last.
local function parseTerms(text, turnMs, admissionMs)
  local terms = {}
  for upTo, turn, admission in string.gmatch(text or '', '(%d+):(%d+):(%d+)') do
    terms[#terms + 1] = { upTo = tonumber(upTo), turnMs = tonumber(turn), admissionMs = tonumber(admission) }
  end
  terms[#terms + 1] = { upTo = math.huge, turnMs = tonumber(turnMs), admissionMs = tonumber(admissionMs) }
  return terms
end

-- Formats all terms but the current ones, which the room's settings hold.
local function formatTerms(terms)
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

-- Whether an admission began before a postponed sale took all back at `revokedMs`. The beginning follows from its end.
local function isRevoked(terms, revokedMs, position, untilMs)
  local lengths = termsOf(terms, position)
  return untilMs - lengths.turnMs - lengths.admissionMs < revokedMs
end

-- Milliseconds that the history covers: the longest turn with its admission, and at least a minute.
local function windowOf(terms)
  local windowMs = 60000
  for i = 1, #terms do windowMs = math.max(windowMs, terms[i].turnMs + terms[i].admissionMs) end
  return windowMs
end

-- The bucket of ten seconds that counts the admissions which end in it.
local function bucketOf(untilMs) return math.floor(untilMs / 10000) end

-- Closes the line for the draw once the sale has begun: all visitors who have joined by then are drawn. While nobody
-- has joined, the start of the sale may still move. Returns the number of drawn visitors, or nil while the line is open
-- for the draw.
local function closeLine(room, people, joined, onSaleMs, nowMs)
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
