-- countSeats: sets how many seats a ticket has of its buyer's limit, where the event has one.
-- KEYS[1]  tag       the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  user
-- ARGV[3]  ticketId
-- ARGV[4]  seats     integer; 0 takes the ticket off
-- RETURNS  1, or 0 where the event has no limit; or REBUILD where the house is not open, and nothing was changed
-- COST     O(claims of the buyer)
local tag, event, user, ticketId, seats = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- @include keys

local house = redis.call('HMGET', houseKey(tag, event), 'generation', 'seatLimit')
if not house[1] then return 'REBUILD' end
if house[2] == '0' then return 0 end

local claims = redis.call('HGET', buyersKey(tag, event), user) or ''
claims = string.gsub(claims, ' (%S+):%d+', function(claimant) return claimant == ticketId and '' or nil end)
if seats ~= '0' then claims = claims .. ' ' .. ticketId .. ':' .. seats end
if claims == '' then
  redis.call('HDEL', buyersKey(tag, event), user)
else
  redis.call('HSET', buyersKey(tag, event), user, claims)
end
return 1
