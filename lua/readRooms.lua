-- readRooms: what API nodes know of waiting rooms, to answer who polls without asking again.
-- KEYS[1]  roomStem   + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  houseStem  + event: hash of the house: generation, zones, rows, each zone, settings, version
-- ARGV[1..] events
-- RETURNS  for each: generation, on, paused, joined, serving, people, drawn, chain, rate, used, growth, top, speed, eta, inside, offered, free,
--          sold, seatsEach, spare, turnMs, uses, login, came, and the house's onSaleMs and timeZone; nothing where there is no
--          such line
-- COST     O(events)
local roomStem, houseStem = KEYS[1], KEYS[2]

local rooms = {}
for i = 1, #ARGV do
  local room = redis.call(
    'HMGET', roomStem .. ARGV[i], 'generation', 'on', 'paused', 'joined', 'serving', 'people', 'drawn', 'chain', 'rate', 'used',
    'growth', 'top', 'speed', 'eta', 'inside', 'offered', 'free', 'sold', 'seatsEach', 'spare', 'turnMs', 'uses', 'login',
    'came'
  )
  local house = redis.call('HMGET', houseStem .. ARGV[i], 'onSaleMs', 'timeZone')
  room[25], room[26] = house[1], house[2]
  rooms[i] = room[1] and room or {}
end
return rooms
