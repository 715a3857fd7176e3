-- claimSeats: take seats for a batch of requests, all or none for each. What was decided once for a ticket stands.
-- KEYS[1]  houseStem    + event: hash of generation, zones, rows and each zone; missing: the answer is REBUILD
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[4]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[5]  takenStem    + event: hash of zone, seats taken
-- KEYS[6]  ticketStem   + ticket id: hash of seq, kind, claim, outcome, watchers, queued, keyed
-- ARGV[1..] for each request: ticket id, event, zone or 0, row or 0, start (from 0) or -1, count, labels or '' (then zone, row,
--           start and count do not count), milliseconds that its locks last or 0 for ever
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
-- Returns the start and which free run it lies in, or nil.
local function bestStart(starts, lengths, seats, count)
  local ideal = math.floor((seats - count) / 2)
  local best, bestRun, bestDistance, bestLength
  for i = 1, #starts do
    local length = lengths[i]
    if length >= count then
      local from = math.min(math.max(ideal, starts[i]), starts[i] + length - count)
      local distance = math.abs(2 * from + count - seats)
      if not best or distance < bestDistance or (distance == bestDistance and length < bestLength) then
        best, bestRun, bestDistance, bestLength = from, i, distance, length
      end
    end
  end
  return best, bestRun
end

-- The free run that holds the seats from `from` on, all `count` of them, or nil.
local function runAround(starts, lengths, from, count)
  for i = 1, #starts do
    if starts[i] <= from and from + count <= starts[i] + lengths[i] then return i end
  end
  return nil
end

-- The longest free run once `count` seats from `from` on are taken out of run number `run`.
local function longestWithout(starts, lengths, run, from, count)
  local longest = math.max(from - starts[run], starts[run] + lengths[run] - from - count)
  for i = 1, #lengths do
    if i ~= run and lengths[i] > longest then longest = lengths[i] end
  end
  return longest
end

local numerals = {} -- Lua spells a number anew each time it meets a string, which costs as much as a Redis call
local function numeral(n)
  local text = numerals[n]
  if not text then
    text = tostring(n)
    numerals[n] = text
  end
  return text
end

local takenNow = {} -- seats taken by this call, by event and zone: counted once at its end
local function countTaken(event, number, seats)
  local zones = takenNow[event] or {}
  zones[number] = (zones[number] or 0) + seats
  takenNow[event] = zones
end

-- Locks the seats for a ticket, all or none. Returns the seat (from 0) that another ticket owns, if one does.
local function takeLock(key, id, lockMs)
  local taken
  if lockMs == '0' then
    taken = redis.call('SET', key, id, 'NX')
  else
    taken = redis.call('SET', key, id, 'NX', 'PX', lockMs)
  end
  return taken or redis.call('GET', key) == id
end

local function lockSeats(lock, from, seats, id, lockMs)
  for seat = from, from + seats - 1 do
    if not takeLock(lock .. numeral(seat + 1), id, lockMs) then
      for mine = from, seat - 1 do redis.call('DEL', lock .. numeral(mine + 1)) end
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

-- Marks one seat as taken.
local function setSeat(event, seat)
  local key = seatsStem .. seat.place
  local _, before = freeRuns(redis.call('GET', key) or '', seat.zone.seats)
  if redis.call('SETBIT', key, seat.seat - 1, 1) == 1 then return end
  local _, after = freeRuns(redis.call('GET', key), seat.zone.seats)
  indexRow(fullStem, event, seat.zone.first + seat.row - 1, longestOf(before), longestOf(after))
  countTaken(event, seat.number, 1)
end

-- Takes seats of one row. Returns their labels, or nil and whether the row has any free seat.
local function claimInRow(event, number, zone, row, start, count, id, lockMs)
  local place = event .. ':' .. numeral(number) .. ':' .. numeral(row)
  local bits = redis.call('GET', seatsStem .. place) or ''
  while true do
    local starts, lengths = freeRuns(bits, zone.seats)
    local from, run = start, nil
    if start then
      run = runAround(starts, lengths, start, count)
    else
      from, run = bestStart(starts, lengths, zone.seats, count)
    end
    if not run then return nil, #starts > 0 end

    local owned = lockSeats(lockStem .. place .. ':', from, count, id, lockMs)
    local taken, seats = owned or from, owned and 1 or count
    local first, bytes = setSeats(bits, taken, seats)
    redis.call('SETRANGE', seatsStem .. place, numeral(first), bytes)
    countTaken(event, number, seats)
    local after = longestWithout(starts, lengths, run, taken, seats)
    indexRow(fullStem, event, zone.first + row - 1, longestOf(lengths), after)

    if not owned then
      local labels, stem = {}, numeral(number) .. '-' .. numeral(row) .. '-'
      for i = 1, count do labels[i] = stem .. numeral(from + i) end
      return table.concat(labels, ' ')
    end
    -- The lock knew of an owner that the bitmap had forgotten. The bit is mended now: choose again.
    bits = redis.call('GET', seatsStem .. place)
  end
end

-- Takes the best seats in the rows first..last of the house. Returns their labels, or nil and a code.
local function claimBest(event, house, first, last, count, id, lockMs)
  local full = fullStem .. event .. ':'
  while true do
    local rowIndex = redis.call('BITPOS', full .. count, 0, first, last, 'BIT')
    if rowIndex < 0 or rowIndex > last then
      local single = count > 1 and redis.call('BITPOS', full .. 1, 0, first, last, 'BIT') or -1
      return nil, (single >= 0 and single <= last) and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
    end
    local number = zoneOfRow(event, house, rowIndex)
    local zone = zoneOf(event, house, number)
    local labels = claimInRow(event, number, zone, rowIndex - zone.first + 1, nil, count, id, lockMs)
    if labels then return labels end
    redis.call('SETBIT', full .. count, rowIndex, 1) -- the index was behind the row
  end
end

-- Takes seats that are no run, each by itself, all or none. Returns their labels, or nil and a code.
local function claimLabels(event, house, labels, id, lockMs)
  local seats = {}
  for number, row, seat in string.gmatch(labels, '(%d+)-(%d+)-(%d+)') do
    local zone = zoneOf(event, house, tonumber(number))
    row, seat = tonumber(row), tonumber(seat)
    if not zone or row > zone.rows or seat > zone.seats then return nil, 'INVALID_REQUEST' end
    local place = event .. ':' .. number .. ':' .. row
    if redis.call('GETBIT', seatsStem .. place, seat - 1) == 1 then return nil, 'SEAT_TAKEN' end
    seats[#seats + 1] = { zone = zone, number = tonumber(number), row = row, seat = seat, place = place }
  end
  for i = 1, #seats do
    local taken = seats[i]
    if not takeLock(lockStem .. taken.place .. ':' .. taken.seat, id, lockMs) then
      for mine = 1, i - 1 do redis.call('DEL', lockStem .. seats[mine].place .. ':' .. seats[mine].seat) end
      setSeat(event, taken) -- the lock knew of an owner that the bitmap had forgotten
      return nil, 'SEAT_TAKEN'
    end
  end
  for i = 1, #seats do setSeat(event, seats[i]) end
  return labels
end

local function decide(event, house, number, row, start, count, id, lockMs)
  if number == 0 then return claimBest(event, house, 0, house.rows - 1, count, id, lockMs) end
  local zone = zoneOf(event, house, number)
  if not zone or row > zone.rows then return nil, 'INVALID_REQUEST' end
  if row == 0 then return claimBest(event, house, zone.first, zone.first + zone.rows - 1, count, id, lockMs) end
  if start >= 0 and start + count > zone.seats then return nil, 'INVALID_REQUEST' end
  local labels, anyFree = claimInRow(event, number, zone, row, start >= 0 and start or nil, count, id, lockMs)
  if labels then return labels end
  if start >= 0 then return nil, 'SEAT_TAKEN' end
  return nil, (anyFree and count > 1) and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
end

local decisions = {}
for i = 1, #ARGV, 8 do
  local id, event = ARGV[i], ARGV[i + 1]
  local zone, row, start, count = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  local wanted, lockMs = ARGV[i + 6], ARGV[i + 7]
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
    local labels, code
    if wanted ~= '' then
      labels, code = claimLabels(event, house, wanted, id, lockMs)
    else
      labels, code = decide(event, house, zone, row, start, count, id, lockMs)
    end
    decision = (labels and 'GOT ' or 'NOT ') .. house.generation .. ' ' .. (labels or code)
    redis.call('HSET', ticketStem .. id, 'claim', decision)
  end
  decisions[#decisions + 1] = decision
end
for event, zones in pairs(takenNow) do
  for number, seats in pairs(zones) do redis.call('HINCRBY', takenStem .. event, number, seats) end
end
return decisions
