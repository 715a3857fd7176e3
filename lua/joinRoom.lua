-- joinRoom: give arrival numbers to a batch of visitors, and add what they bring to the chain while the line is open for the draw.
-- KEYS[1]  roomStem       + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  houseStem      + event: hash of the house: generation, zones, rows, each zone, settings, version
-- KEYS[3]  roomSpentStem  + event:minute in which they expire: set of challenges that gave a place
-- ARGV[1]  event
-- ARGV[2]  generation  of the line
-- ARGV[3]  visitors    integer, who join
-- ARGV[4]  link        SHA-256 over their nonces, hexadecimal
-- ARGV[5..] for each challenge that is shown, all different: the minute since 1970 in which it expires, its id
-- RETURNS  { the first number, people or '' while the line is open, chain before, chain after }, the chains only while it is open;
--          { SPENT, numbers of challenges from 1 on } where some gave a place before: then nothing is done;
--          WAIT where PostgreSQL has to know of more numbers first; REBUILD where there is no such line
-- COST     O(challenges)
local roomStem, houseStem, roomSpentStem = KEYS[1], KEYS[2], KEYS[3]
local event, generation, visitors, link = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

-- @include room
-- @include sha256

local SPENT_KEPT_SEC = 120 -- after the minute in which a challenge expires: the clock of an API may be a little off

local room = roomStem .. event
local line = redis.call('HMGET', room, 'generation', 'joined', 'numbers', 'people', 'chain')
if line[1] ~= generation then return 'REBUILD' end
local joined = tonumber(line[2])
local onSaleMs = tonumber(redis.call('HGET', houseStem .. event, 'onSaleMs') or nil)
local people = closeLine(room, line[4], joined, onSaleMs)
if joined + visitors > tonumber(line[3]) then return 'WAIT' end

local spent = {}
for i = 5, #ARGV, 2 do
  local key = roomSpentStem .. event .. ':' .. ARGV[i]
  if redis.call('SISMEMBER', key, ARGV[i + 1]) == 1 then spent[#spent + 1] = (i - 3) / 2 end
end
if #spent > 0 then return { 'SPENT', unpack(spent) } end
for i = 5, #ARGV, 2 do
  local key = roomSpentStem .. event .. ':' .. ARGV[i]
  redis.call('SADD', key, ARGV[i + 1])
  redis.call('EXPIREAT', key, (ARGV[i] + 1) * 60 + SPENT_KEPT_SEC)
end

redis.call('HSET', room, 'joined', joined + visitors)
if people then return { joined + 1, people } end
local chain = sha256OfBlock(line[5] .. link)
redis.call('HSET', room, 'chain', chain)
return { joined + 1, '', line[5], chain }
