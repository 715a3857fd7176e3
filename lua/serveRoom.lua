-- serveRoom: let the turns come that PostgreSQL knows of, and let numbers be given as far as it knows of them. Nothing ever goes back.
-- KEYS[1]  roomStem         + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  roomHistoryStem  + event: sorted set of what serving was, by milliseconds
-- KEYS[3]  roomTakenStem    + event:generation:chunk: bitmap of positions that nobody has to wait for: let in, or left
-- ARGV[1]  event
-- ARGV[2]  generation  of the line
-- ARGV[3]  serving     integer, the last position whose turn comes now
-- ARGV[4]  numbers     integer, the last arrival number that may be given
-- ARGV[5]  people      integer, who were drawn; '' where nobody was yet
-- ARGV[6]  chain       of their nonces, hexadecimal
-- RETURNS  integer, serving; or REBUILD where there is no such line
-- COST     O(entries of the history that are older than anybody asks for)
local roomStem, roomHistoryStem, roomTakenStem = KEYS[1], KEYS[2], KEYS[3]
local event, generation, serving, numbers, people, chain = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]

-- @include room

local room, history = roomStem .. event, roomHistoryStem .. event
local line = redis.call('HMGET', room, 'generation', 'serving', 'numbers', 'turnMs', 'admissionMs', 'dropped', 'terms')
if line[1] ~= generation then return 'REBUILD' end
if numbers > tonumber(line[3]) then redis.call('HSET', room, 'numbers', numbers) end
if people ~= '' then redis.call('HSET', room, 'people', people, 'chain', chain, 'drawn', 1) end
if serving <= tonumber(line[2]) then return tonumber(line[2]) end
redis.call('HSET', room, 'serving', serving)
redis.call('ZADD', history, nowMs, serving)

-- One entry stays that is older than anybody asks for: it tells what serving was when that time began.
local terms = readTerms(line[7], line[4], line[5])
local oldestMs = nowMs - windowOf(terms)
local last = redis.call('ZREVRANGEBYSCORE', history, oldestMs, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
if last[2] then redis.call('ZREMRANGEBYSCORE', history, '-inf', '(' .. last[2]) end
local dropped, over = tonumber(line[6] or 0), tonumber(last[1] or 0)
if terms[1].upTo <= over then
  while terms[1].upTo <= over do table.remove(terms, 1) end
  redis.call('HSET', room, 'terms', writeTerms(terms))
end
while (dropped + 1) * CHUNK <= over do
  redis.call('DEL', chunkKey(roomTakenStem, event, generation, dropped * CHUNK))
  dropped = dropped + 1
  redis.call('HSET', room, 'dropped', dropped)
end
return serving
