-- serveRoom: call the positions that PostgreSQL knows to be called, and allow the arrival numbers that it knows of.
-- Neither goes back. The line is published.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; serving: the last called position; numbers: the last arrival number
--          that may be given; people: drawn visitors, absent before the draw; chain of their nonces, hexadecimal
-- RETURNS  JSON: serving: the last called position now; or refused: REBUILD where there is no such line
-- COST     O(entries of the history that no turn needs any more)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include marks
-- @include room
-- @include roomState

local event, generation, nowMs = request.event, request.generation, clockMs()
local room, history = roomKey(tag, event), roomHistoryKey(tag, event)
local taken = roomTakenStem(tag, event, generation)

-- Deletes the entries that no turn or admission needs. One older entry stays: it holds what serving was when the
-- window began. Returns that position: all turns up to it are over.
local function trimHistory(terms)
  local oldest = redis.call('ZREVRANGEBYSCORE', history, nowMs - windowOf(terms), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if oldest[2] then redis.call('ZREMRANGEBYSCORE', history, '-inf', '(' .. oldest[2]) end
  return tonumber(oldest[1] or 0)
end

local function dropTerms(terms, over)
  if terms[1].upTo > over then return end
  while terms[1].upTo <= over do table.remove(terms, 1) end
  redis.call('HSET', room, 'terms', formatTerms(terms))
end

local function dropMarks(dropped, over)
  while (dropped + 1) * LINE_CHUNK <= over do
    redis.call('DEL', chunkKey(taken, dropped * LINE_CHUNK))
    dropped = dropped + 1
    redis.call('HSET', room, 'dropped', dropped)
  end
end

local line = redis.call('HMGET', room, 'generation', 'serving', 'numbers', 'turnMs', 'admissionMs', 'dropped', 'terms')
if tonumber(line[1] or nil) ~= generation then return refusal('REBUILD') end
if request.numbers > tonumber(line[3]) then redis.call('HSET', room, 'numbers', request.numbers) end
if request.people then redis.call('HSET', room, 'people', request.people, 'chain', request.chain, 'drawn', 1) end
local serving = tonumber(line[2])
if request.serving > serving then
  serving = request.serving
  redis.call('HSET', room, 'serving', serving)
  redis.call('ZADD', history, nowMs, serving)
  local terms = parseTerms(line[7], line[4], line[5])
  local over = trimHistory(terms)
  dropTerms(terms, over)
  dropMarks(tonumber(line[6] or 0), over)
end
publishRoom(tag, event)
return cjson.encode({ serving = serving })
