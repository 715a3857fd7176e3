-- claimRun: takes seats side by side for a request.

-- @include keys
-- @include alternatives
-- @include chooseRun
-- @include numerals
-- @include rowIndex
-- @include seatChanges
-- @include seatLocks
-- @include zones

-- A row as it is now: its place, and its free runs.
local function readRow(tag, event, zone, rowNumber)
  local name = rowName(event, numeral(zone.number), numeral(rowNumber))
  local key = seatsKey(tag, name)
  local bits = redis.call('GET', key) or ''
  local starts, lengths = freeRuns(bits, zone.seatsPerRow)
  return {
    zone = zone,
    number = rowNumber,
    name = name,
    key = key,
    rowIndex = zone.firstRowIndex + rowNumber - 1,
    bits = bits,
    starts = starts,
    lengths = lengths,
  }
end

-- Finds the seats of a request in a row: those from `request.start` on, or the best; with `avoidSingles` only seats
-- that leave no single seat, but exact ones also where the row has no such choice of that size. Returns the first seat,
-- from 0, and the number of its free run, or nil.
local function findRun(request, row, avoidSingles)
  local seatsPerRow, seatCount, start = row.zone.seatsPerRow, request.seatCount, request.start
  if start < 0 then return bestStart(row.starts, row.lengths, seatsPerRow, seatCount, avoidSingles) end
  local run = runAround(row.starts, row.lengths, start, seatCount)
  request.wouldLeaveSingle = run
    and avoidSingles
    and leavesSingle(row.starts[run], row.lengths[run], seatsPerRow, start, seatCount)
    and bestStart(row.starts, row.lengths, seatsPerRow, seatCount, true) ~= nil
  if not run or request.wouldLeaveSingle then return nil end
  return start, run
end

-- The bytes of a bitmap that hold these seats, with the seats set, and the offset of the first of these bytes.
local function setBits(bits, start, seatCount)
  local firstByte = math.floor(start / 8)
  local bytes = { string.byte(bits, firstByte + 1, math.floor((start + seatCount - 1) / 8) + 1) }
  for seat = start, start + seatCount - 1 do
    local at = math.floor(seat / 8) - firstByte + 1
    bytes[at] = bit.bor(bytes[at] or 0, MASKS[seat % 8 + 1])
  end
  return firstByte, string.char(unpack(bytes))
end

-- Marks seats of one free run of a row as taken, and updates its counter and index.
local function takeBits(tag, house, row, run, start, seatCount)
  local firstByte, bytes = setBits(row.bits, start, seatCount)
  redis.call('SETRANGE', row.key, numeral(firstByte), bytes)
  addToCounter(house.event, 'taken:' .. numeral(row.zone.number), seatCount)
  local longestNow = longestWithout(row.starts, row.lengths, run, start, seatCount)
  indexLongestRun(tag, house.event, row.rowIndex, longestOf(row.lengths), longestNow)
  if house.avoidSingles then
    local starts, lengths = freeRuns(redis.call('GET', row.key), row.zone.seatsPerRow)
    indexNeatSizes(tag, house.event, row.rowIndex, starts, lengths, row.zone.seatsPerRow)
  end
end

-- Holds or sells seats of a free run for the request. Returns their labels.
local function takeRun(tag, request, row, run, start)
  local event, seatCount, zoneNumber = request.event, request.seatCount, numeral(row.zone.number)
  takeBits(tag, request.house, row, run, start, seatCount)
  if request.hold then
    lockRun(lockStem(tag, row.name), start + 1, start + seatCount, request.ticketId, request.house.lockMs)
    local key = heldKey(tag, row.name)
    for seat = start, start + seatCount - 1 do redis.call('SETBIT', key, numeral(seat), 1) end
    addToCounter(event, 'held:' .. zoneNumber, seatCount)
  end
  local labels, stem = {}, zoneNumber .. '-' .. numeral(row.number) .. '-'
  for i = 1, seatCount do labels[i] = stem .. numeral(start + i) end
  labels = table.concat(labels, ' ')
  recordChange(event, request.hold and 'HELD' or 'SOLD', labels)
  return labels
end

-- Takes the seats of a request in a row. Returns their labels, or nil, and the row as it was.
local function claimInRow(tag, request, zone, rowNumber, avoidSingles)
  local row = readRow(tag, request.event, zone, rowNumber)
  local start, run = findRun(request, row, avoidSingles)
  if not start then return nil, row end
  return takeRun(tag, request, row, run, start), row
end

-- Takes the best seats in the rows first..last of the house. Returns their labels, or nil and a code.
local function claimBest(tag, request, first, last)
  local house, event = request.house, request.event
  local avoidSingles = house.avoidSingles
  while true do
    local indexKey = (avoidSingles and neatKey or fullKey)(tag, event, numeral(request.seatCount))
    local rowIndex = firstOpenRow(indexKey, first, last)
    if rowIndex then
      local zone = zoneOfRow(tag, event, house.zoneCount, house.rowCount, rowIndex)
      local labels = claimInRow(tag, request, zone, rowIndex - zone.firstRowIndex + 1, avoidSingles)
      if labels then return labels end
      redis.call('SETBIT', indexKey, rowIndex, 1) -- the index was behind the row
    elseif avoidSingles then
      avoidSingles = false -- every choice that is left leaves a single seat
    else
      local hasFree = request.seatCount > 1 and firstOpenRow(fullKey(tag, event, 1), first, last)
      return nil, hasFree and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
    end
  end
end

-- The detail of SOLD_OUT: " <seats>" that are held and so may become free, or ''.
local function heldDetail(seats) return seats > 0 and ' ' .. seats or '' end

-- Seats that are held in a zone, or in the whole house without one. It is read once: where nothing is free, this call
-- holds nothing more.
local function countHeld(tag, house, zone)
  local scope = zone and zone.number or 0
  if not house.heldSeats[scope] then
    local fields, seats = {}, 0
    for number = zone and scope or 1, zone and scope or house.zoneCount do fields[#fields + 1] = 'held:' .. number end
    local counts = redis.call('HMGET', countsKey(tag, house.event), unpack(fields))
    for i = 1, #fields do seats = seats + tonumber(counts[i] or 0) + addedToCounter(house.event, fields[i]) end
    house.heldSeats[scope] = seats
  end
  return house.heldSeats[scope]
end

-- Takes seats in a row that the request names. Returns their labels, or nil, a code and its detail.
local function claimInNamedRow(tag, request, zone)
  local house, seatCount, rowNumber = request.house, request.seatCount, request.row
  local isExact = request.start >= 0
  if isExact and request.start + seatCount > zone.seatsPerRow then return nil, 'INVALID_REQUEST', '' end
  local labels, row = claimInRow(tag, request, zone, rowNumber, house.avoidSingles)
  if not labels and not isExact and house.avoidSingles then
    labels, row = claimInRow(tag, request, zone, rowNumber, false)
  end
  if labels then return labels end
  local otherRows = alternativeRows(tag, house, seatCount, zone, rowNumber)
  if isExact then
    local near = alternativeInRow(house, seatCount, zone, rowNumber, row.starts, row.lengths, request.start)
    return nil, request.wouldLeaveSingle and 'SINGLE_SEAT_LEFT' or 'SEAT_TAKEN', near .. otherRows
  end
  if #row.starts > 0 then return nil, 'NO_ADJACENT_SEATS', otherRows end
  return nil, 'SOLD_OUT', heldDetail(redis.call('BITCOUNT', heldKey(tag, row.name))) .. otherRows
end

-- Takes the seats of a request for seats side by side: anywhere, in a zone, or in a row. Returns their labels, or nil,
-- a code and its detail.
local function claimRun(tag, request)
  local house = request.house
  if request.zone == 0 then
    local labels, code = claimBest(tag, request, 0, house.rowCount - 1)
    return labels, code, code == 'SOLD_OUT' and heldDetail(countHeld(tag, house)) or ''
  end
  local zone = readZone(tag, request.event, request.zone)
  if not zone or request.row > zone.rows then return nil, 'INVALID_REQUEST', '' end
  if request.row > 0 then return claimInNamedRow(tag, request, zone) end
  local labels, code = claimBest(tag, request, zone.firstRowIndex, zone.firstRowIndex + zone.rows - 1)
  if labels then return labels end
  local held = code == 'SOLD_OUT' and heldDetail(countHeld(tag, house, zone)) or ''
  return nil, code, held .. alternativeRows(tag, house, request.seatCount, zone)
end
