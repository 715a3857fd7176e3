-- claimSeats: take seats for a batch of requests, all or none for each. What was decided once for a ticket stands.
-- KEYS[1]  houseStem    + event: hash of generation, zones, rows and each zone; missing: the answer is REBUILD
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[4]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[5]  takenStem    + event: hash of zone, seats taken
-- KEYS[6]  ticketStem   + ticket id: hash of seq, claim, outcome, watchers
-- ARGV[1..] for each request: ticket id, event, zone or 0, row or 0, start (from 0) or -1, count
-- RETURNS  for each request, in order: "GOT <generation> <label>...", "NOT <generation> <code>", "SETTLED" or "REBUILD"
-- COST     O(requests x seats in a row / 8)
local houseStem, seatsStem, lockStem, fullStem, takenStem, ticketStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]

-- @include row

local houses = {} -- what this call has read of each event's house
local function readHouse(event)
  local house = houses[event]
  if house == nil then
    local fields = redis.call('HMGET', houseStem .. event, 'generation', 'zones', 'rows')
    house = fields[1] and { generation = fields[1], zones = tonumber(fields[2]), rows = tonumber(fields[3]), zone = {} } or false
    houses[event] = house
  end
  return house
end

local function zoneOf(event, house, number)
  local zone = house.zone[number]
  if zone == nil then
    zone = readZone(houseStem, event, number)
    house.zone[number] = zone
  end
  return zone
end

-- The zone that a row of the house, counted from 0, lies in: zones stand in the order of their numbers.
local function zoneOfRow(event, house, rowIndex)
  local low, high = 1, house.zones
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if zoneOf(event, house, middle).first <= rowIndex then low = middle else high = middle - 1 end
  end
  return low
end

-- The best start for `count` seats: the run nearest the row's middle, the tightest gap where equal, then the left one.
local function bestStart(starts, lengths, seats, count)
  local ideal = math.floor((seats - count) / 2)
  local best, bestDistance, bestLength
  for i = 1, #starts do
    local length = lengths[i]
    if length >= count then
      local from = math.min(math.max(ideal, starts[i]), starts[i] + length - count)
      local distance = math.abs(2 * from + count - seats)
      if not best or distance < bestDistance or (distance == bestDistance and length < bestLength) then
        best, bestDistance, bestLength = from, distance, length
      end
    end
  end
  return best
end

-- Whether the seats from `from` on are free, all `count` of them.
local function isFree(starts, lengths, from, count)
  for i = 1, #starts do
    if starts[i] <= from and from + count <= starts[i] + lengths[i] then return true end
  end
  return false
end

-- Locks the seats for a ticket, all or none. Returns the seat (from 0) that another ticket owns, if one does.
local function lockSeats(lock, from, count, id)
  for seat = from, from + count - 1 do
    if not redis.call('SET', lock .. (seat + 1), id, 'NX') and redis.call('GET', lock .. (seat + 1)) ~= id then
      for mine = from, seat - 1 do redis.call('DEL', lock .. (mine + 1)) end
      return seat
    end
  end
  return nil
end

-- The bytes of a bitmap that hold these seats, with the seats set, and the index of the first of these bytes.
local function setSeats(bits, from, count)
  local first = math.floor(from / 8)
  local bytes = { string.byte(bits, first + 1, math.floor((from + count - 1) / 8) + 1) }
  for seat = from, from + count - 1 do
    local at = math.floor(seat / 8) - first + 1
    bytes[at] = bit.bor(bytes[at] or 0, MASKS[seat % 8 + 1])
  end
  return first, string.char(unpack(bytes))
end

-- Takes seats of one row. Returns their labels, or nil and whether the row has any free seat.
local function claimInRow(event, number, zone, row, start, count, id)
  local place = event .. ':' .. number .. ':' .. row
  local bits = redis.call('GET', seatsStem .. place) or ''
  while true do
    local starts, lengths = freeRuns(bits, zone.seats)
    local from = start
    if not start then
      from = bestStart(starts, lengths, zone.seats, count)
    elseif not isFree(starts, lengths, start, count) then
      from = nil
    end
    if not from then return nil, #starts > 0 end

    local owned = lockSeats(lockStem .. place .. ':', from, count, id)
    local first, bytes = setSeats(bits, owned or from, owned and 1 or count)
    redis.call('SETRANGE', seatsStem .. place, first, bytes)
    redis.call('HINCRBY', takenStem .. event, number, owned and 1 or count)
    bits = string.sub(bits, 1, first) .. bytes .. string.sub(bits, first + #bytes + 1)
    local _, left = freeRuns(bits, zone.seats)
    indexRow(fullStem, event, zone.first + row - 1, longestOf(lengths), longestOf(left))

    if not owned then
      local labels = {}
      for seat = from, from + count - 1 do labels[#labels + 1] = number .. '-' .. row .. '-' .. (seat + 1) end
      return table.concat(labels, ' ')
    end
    -- The lock knew of an owner that the bitmap had forgotten. The bit is mended now: choose again.
  end
end

-- Takes the best seats in the rows first..last of the house. Returns their labels, or nil and a code.
local function claimBest(event, house, first, last, count, id)
  local full = fullStem .. event .. ':'
  while true do
    local rowIndex = redis.call('BITPOS', full .. count, 0, first, last, 'BIT')
    if rowIndex < 0 or rowIndex > last then
      local single = count > 1 and redis.call('BITPOS', full .. 1, 0, first, last, 'BIT') or -1
      return nil, (single >= 0 and single <= last) and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
    end
    local number = zoneOfRow(event, house, rowIndex)
    local zone = zoneOf(event, house, number)
    local labels = claimInRow(event, number, zone, rowIndex - zone.first + 1, nil, count, id)
    if labels then return labels end
    redis.call('SETBIT', full .. count, rowIndex, 1) -- the index was behind the row
  end
end

local function decide(event, house, number, row, start, count, id)
  if number == 0 then return claimBest(event, house, 0, house.rows - 1, count, id) end
  local zone = zoneOf(event, house, number)
  if not zone or row > zone.rows then return nil, 'INVALID_REQUEST' end
  if row == 0 then return claimBest(event, house, zone.first, zone.first + zone.rows - 1, count, id) end
  if start >= 0 and start + count > zone.seats then return nil, 'INVALID_REQUEST' end
  local labels, anyFree = claimInRow(event, number, zone, row, start >= 0 and start or nil, count, id)
  if labels then return labels end
  if start >= 0 then return nil, 'SEAT_TAKEN' end
  return nil, (anyFree and count > 1) and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
end

local decisions = {}
for i = 1, #ARGV, 6 do
  local id, event = ARGV[i], ARGV[i + 1]
  local zone, row, start, count = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  local house = readHouse(event)
  local ticket = redis.call('HMGET', ticketStem .. id, 'claim', 'outcome')
  local decision
  if ticket[2] then
    decision = 'SETTLED'
  elseif not house then
    decision = 'REBUILD'
  elseif ticket[1] and string.match(ticket[1], '^%u+ (%d+) ') == house.generation then
    decision = ticket[1]
  else
    local labels, code = decide(event, house, zone, row, start, count, id)
    decision = (labels and 'GOT ' or 'NOT ') .. house.generation .. ' ' .. (labels or code)
    redis.call('HSET', ticketStem .. id, 'claim', decision)
  end
  decisions[#decisions + 1] = decision
end
return decisions
