-- joinRoom: give arrival numbers to a batch of visitors, and add their nonces to the chain while the line is open for
-- the draw.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; visitors: how many join; link: SHA-256 over their nonces, hexadecimal;
--          challenges: [minute since 1970 in which it expires, id] of each shown challenge, all different
-- RETURNS  JSON: first: the first arrival number; then people: drawn visitors, or, while the line is open for the draw,
--          chain: before and after; or spent: indices (from 0) of challenges that gave a place before: then nothing is
--          done; or refused: WAIT where PostgreSQL must know of more numbers first, REBUILD where there is no such line
-- COST     O(challenges)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include room
-- @include sha256

local SPENT_KEPT_SEC = 120 -- after the minute in which a challenge expires: an API's clock may differ a little

local event = request.event
local room = roomKey(tag, event)

local function spentKey(minute) return roomSpentKey(tag, event, minute) end

local function findSpent()
  local spent = {}
  for i, challenge in ipairs(request.challenges) do
    if redis.call('SISMEMBER', spentKey(challenge[1]), challenge[2]) == 1 then spent[#spent + 1] = i - 1 end
  end
  return spent
end

local function spendChallenges()
  for _, challenge in ipairs(request.challenges) do
    local minute, id = challenge[1], challenge[2]
    redis.call('SADD', spentKey(minute), id)
    redis.call('EXPIREAT', spentKey(minute), (minute + 1) * 60 + SPENT_KEPT_SEC)
  end
end

local line = redis.call('HMGET', room, 'generation', 'joined', 'numbers', 'people', 'chain')
if tonumber(line[1] or nil) ~= request.generation then return refusal('REBUILD') end
local joined, chain = tonumber(line[2]), line[5]
local onSaleMs = tonumber(redis.call('HGET', houseKey(tag, event), 'onSaleMs') or nil)
local people = closeLine(room, line[4], joined, onSaleMs, clockMs())
if joined + request.visitors > tonumber(line[3]) then return refusal('WAIT') end
local spent = findSpent()
if #spent > 0 then return cjson.encode({ spent = spent }) end
spendChallenges()

redis.call('HSET', room, 'joined', joined + request.visitors)
if people then return cjson.encode({ first = joined + 1, people = people }) end
local after = sha256OfBlock(chain .. request.link)
redis.call('HSET', room, 'chain', after)
return cjson.encode({ first = joined + 1, chain = { before = chain, after = after } })
