-- releaseSeats: free seats of a ticket and forget its claim. Only what the ticket still owns is freed, bit and lock together.
-- KEYS[1]  houseStem    + event: hash of generation, zones, rows and each zone; missing: nothing is freed
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[4]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[5]  takenStem    + event: hash of zone, seats taken
-- KEYS[6]  ticketStem   + ticket id: hash of seq, kind, claim, outcome, watchers, queued, keyed
-- ARGV[1]  event
-- ARGV[2..] for each seat: ticket id, zone, row, seat (from 1)
-- RETURNS  integer, seats that were freed
-- COST     O(seats x seats in a row / 8)
local houseStem, seatsStem, lockStem, fullStem, takenStem, ticketStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local event = ARGV[1]

-- @include row

local freed = 0
for i = 2, #ARGV, 4 do
  local id, number, row, seat = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local place = event .. ':' .. number .. ':' .. row
  local zone = readZone(houseStem, event, number)
  redis.call('HDEL', ticketStem .. id, 'claim')
  if zone and redis.call('GET', lockStem .. place .. ':' .. seat) == id then
    redis.call('DEL', lockStem .. place .. ':' .. seat)
    local _, before = freeRuns(redis.call('GET', seatsStem .. place) or '', zone.seats)
    if redis.call('SETBIT', seatsStem .. place, seat - 1, 0) == 1 then
      redis.call('HINCRBY', takenStem .. event, number, -1)
      local _, after = freeRuns(redis.call('GET', seatsStem .. place), zone.seats)
      indexRow(fullStem, event, zone.first + row - 1, longestOf(before), longestOf(after))
      freed = freed + 1
    end
  end
end
return freed
