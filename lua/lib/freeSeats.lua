-- freeSeats: frees seats. Each script that includes it has a fence: a condition that holds only while no other claim
-- can have the seats. A worker that was stopped for a minute acts on what it read before.

-- @include house
-- @include keys
-- @include markSeats
-- @include zones

-- The seats of an open house with these labels, such as "1-2-3 1-2-4".
local function seatsOf(tag, event, labels)
  local seats = {}
  for label, zoneNumber, row, number in string.gmatch(labels, '((%d+)-(%d+)-(%d+))') do
    local zone = readZone(tag, event, zoneNumber)
    if zone then
      local rowNamed = rowName(event, zoneNumber, row)
      seats[#seats + 1] = {
        label = label,
        zone = zone,
        row = tonumber(row),
        number = tonumber(number),
        rowNamed = rowNamed,
        lockKey = lockStem(tag, rowNamed) .. number,
      }
    end
  end
  return seats
end

-- The ticket that holds a seat, or '' where its lock is lost; nil where the seat is not held.
local function holderOf(tag, seat)
  if redis.call('GETBIT', heldKey(tag, seat.rowNamed), seat.number - 1) == 0 then return nil end
  return redis.call('GET', seat.lockKey) or ''
end

-- Frees a seat, and deletes its lock and the difference that reconciling has recorded of it: what follows is another
-- owner's. `finishFrees` has to follow. Returns 1, or 0 where the seat was free.
local function freeSeat(tag, house, seat)
  redis.call('DEL', seat.lockKey)
  redis.call('HDEL', seatDifferencesKey(tag, house.event), seat.label)
  return -markSeat(tag, house, seat.zone, seat.row, seat.number, 'AVAILABLE')
end

-- Ends a call that freed seats: indexes their rows, and publishes and counts the changes.
local function finishFrees(tag)
  indexMarkedRows(tag)
  publishChanges(tag)
end
