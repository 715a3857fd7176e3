-- readRooms: what API nodes know of waiting rooms, to answer who polls without asking again.
-- KEYS[1]  roomStem   + event: hash of the waiting room: settings, line, measurements
-- KEYS[2]  houseStem  + event: hash of the house: generation, zones, rows, each zone, settings, version
-- ARGV[1..] events
-- RETURNS  { now in milliseconds, { for each: generation, on, paused, joined, serving, people, drawn, chain, rate,
--          used, growth, top, speed, eta, inside, offered, free, sold, seatsEach, spare, turnMs, uses, login, came,
--          limit, seatsMost, admissionMs, and the house's onSaleMs, holdMs and timeZone; nothing where there is no such
--          line } }
-- COST     O(events)
local roomStem, houseStem = KEYS[1], KEYS[2]

local rooms = {}
for i = 1, #ARGV do
  local room = redis.call(
    'HMGET', roomStem .. ARGV[i], 'generation', 'on', 'paused', 'joined', 'serving', 'people', 'drawn', 'chain', 'rate', 'used',
    'growth', 'top', 'speed', 'eta', 'inside', 'offered', 'free', 'sold', 'seatsEach', 'spare', 'turnMs', 'uses', 'login',
    'came', 'limit', 'seatsMost', 'admissionMs'
  )
  local house = redis.call('HMGET', houseStem .. ARGV[i], 'onSaleMs', 'holdMs', 'timeZone')
  room[28], room[29], room[30] = house[1], house[2], house[3]
  rooms[i] = room[1] and room or {}
end
local time = redis.call('TIME')
return { time[1] * 1000 + math.floor(time[2] / 1000), rooms }
