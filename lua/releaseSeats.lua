-- releaseSeats: free seats of a ticket and forget its claim. Only what the ticket still owns is freed, bit and lock together.
-- A lapsed hold counts for its buyer, and only once: only freed seats count.
-- KEYS[1]  houseStem    + event: hash of the house: generation, zones, rows, each zone, settings, version; missing: the answer is REBUILD
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  heldStem     + event:zone:row: bitmap, 1 = held
-- KEYS[4]  blockedStem  + event:zone:row: bitmap, 1 = blocked
-- KEYS[5]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[6]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[7]  neatStem     + event:count: bitmap of rows, 1 = no such run left that leaves no single seat
-- KEYS[8]  countsStem   + event: hash of taken:zone, held:zone, blocked:zone
-- KEYS[9]  buyersStem   + event: hash of user, "<ticket id>:<seats>" for each claim; only where the event limits a buyer
-- KEYS[10] ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed, admitted, use
-- KEYS[11] changesStem  + event: channel of an event's seats; a message is a version, then statuses and labels
-- KEYS[12] roomStem     + event: hash of the waiting room: settings, line, measurements
-- KEYS[13] roomUsesStem + event:generation:chunk: four bits for each position, how often its admission was used
-- KEYS[14] roomInsideStem + event: hash of admissions by the ten seconds in which they end
-- KEYS[15] lapsesStem   + event:generation:user: hash of count, untilMs, held; only of a buyer who let holds go
-- ARGV[1]  event
-- ARGV[2]  cooldownsMs  integers with a space between them: how long a buyer may hold nothing after the first lapse,
--          the second ...
-- ARGV[3]  keptMs       integer, milliseconds for which lapses are remembered, added to the time that a hold lasts
-- ARGV[4..] for each seat: ticket id ('' for a seat that nobody owns), user or '', zone, row, seat (from 1), 1 where
--            its hold lapsed, else 0
-- RETURNS  integer, seats that were freed; or REBUILD, and nothing was changed
-- COST     O(seats x seats in a row / 8)
local houseStem, seatsStem, heldStem, blockedStem, lockStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fullStem, neatStem, countsStem, buyersStem, ticketStem, changesStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local roomStem, roomUsesStem, roomInsideStem, lapsesStem = KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local event, cooldownsMs, keptMs = ARGV[1], ARGV[2], tonumber(ARGV[3])
local admissionKeys = {
  ticketStem = ticketStem,
  roomStem = roomStem,
  roomUsesStem = roomUsesStem,
  roomInsideStem = roomInsideStem,
}

-- @include row
-- @include admission
-- @include lapses

local house = redis.call('HMGET', houseStem .. event, 'generation', 'avoidSingles', 'holdMs')
if not house[1] then return 'REBUILD' end

-- One seat less counts for the buyer's limit: what is left of a claim, the claim gone with its last seat. A ticket that was
-- claimed anew after Redis had forgotten it may stand there twice.
local function uncount(user, id)
  local claims = user ~= '' and redis.call('HGET', buyersStem .. event, user)
  if not claims then return end
  local done = false
  local left = string.gsub(claims, ' (%S+):(%d+)', function(claim, seats)
    if claim ~= id or done then return nil end
    done = true
    return seats == '1' and '' or (' ' .. id .. ':' .. (seats - 1))
  end)
  if left == '' then
    redis.call('HDEL', buyersStem .. event, user)
  else
    redis.call('HSET', buyersStem .. event, user, left)
  end
end

-- Counts that a buyer let seats go, unless nothing was held since the last time.
local function noteLapse(user)
  local key = lapsesKey(event, house[1], user)
  local record = redis.call('HMGET', key, 'count', 'held')
  if record[1] and record[2] ~= '1' then return end
  local count = tonumber(record[1] or 0) + 1
  local waits = {}
  for ms in string.gmatch(cooldownsMs, '%d+') do
    waits[#waits + 1] = tonumber(ms)
  end
  local waitMs = waits[math.min(count, #waits)]
  local time = redis.call('TIME')
  local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSET', key, 'count', count, 'untilMs', string.format('%.0f', nowMs + waitMs), 'held', 0)
  redis.call('PEXPIRE', key, string.format('%.0f', keptMs + tonumber(house[3] or 0)))
end

local avoidSingles = house[2] == '1'
local freed = 0
for i = 4, #ARGV, 6 do
  local id, user, number, row, seat = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local lock = lockStem .. event .. ':' .. number .. ':' .. row .. ':' .. seat
  local zone = readZone(event, number)
  if id ~= ARGV[i - 6] then -- a ticket's seats stand together
    redis.call('HDEL', ticketStem .. id, 'claim')
    takeBackUse(admissionKeys, event, id)
  end
  uncount(user, id)
  if zone and (redis.call('GET', lock) or '') == id then
    redis.call('DEL', lock)
    if ARGV[i + 5] == '1' and user ~= '' then noteLapse(user) end
    freed = freed - markSeat(event, zone, row, seat, 'AVAILABLE', avoidSingles)
  end
end
settleRows()
settleCounts()
publishChanges()
return freed
