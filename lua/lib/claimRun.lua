-- claimRun: takes seats side by side for a request.

-- @include keys
-- @include alternatives
-- @include chooseRun
-- @include numerals
-- @include rowIndex
-- @include rows
-- @include seatChanges
-- @include zones

-- Finds the seats of a request in a row: those from `request.start` on, or the best; with `avoidSingles` only seats
-- that leave no single seat, but exact ones also where the row has no such choice of that size. Returns the first seat,
-- from 0, or nil. `digits` spells the row.
local function findStart(request, digits, seatsPerRow, avoidSingles)
  local seatCount, start = request.seatCount, request.start
  if start < 0 then return bestStart(digits, seatsPerRow, seatCount, avoidSingles) end
  if not isFreeRun(digits, start, seatCount) then return nil end
  request.wouldLeaveSingle = avoidSingles
    and leavesSingle(digits, start, seatCount)
    and bestStart(digits, seatsPerRow, seatCount, true) ~= nil
  return not request.wouldLeaveSingle and start or nil
end

-- Takes the seats of a request in a row. Returns their labels, or nil, and the row.
local function claimInRow(tag, request, zone, rowNumber, avoidSingles)
  local event, seatCount = request.event, request.seatCount
  local row = readRow(tag, event, zone, rowNumber)
  local digits = digitsOfBits[row.bits]
  local start = findStart(request, digits, zone.seatsPerRow, avoidSingles)
  if not start then return nil, row end
  takeSeats(tag, request, row, digits, start, seatCount)
  local stem = numerals[zone.number] .. '-' .. numerals[rowNumber] .. '-'
  local labels = stem .. numerals[start + 1]
  for seat = start + 2, start + seatCount do labels = labels .. ' ' .. stem .. numerals[seat] end
  recordChange(event, request.hold and 'HELD' or 'SOLD', labels)
  return labels, row
end

-- Takes the best seats in the rows first..last of the house. Returns their labels, or nil and a code.
local function claimBest(tag, request, first, last)
  local house, event = request.house, request.event
  local avoidSingles = house.avoidSingles
  while true do
    local indexKey = (avoidSingles and neatKey or fullKey)(tag, event, numerals[request.seatCount])
    local rowIndex = firstOpenRow(indexKey, first, last)
    if rowIndex then
      local zone = zoneOfRow(tag, event, house.zoneCount, house.rowCount, rowIndex)
      local labels = claimInRow(tag, request, zone, rowIndex - zone.firstRowIndex + 1, avoidSingles)
      if labels then return labels end
      redis.call('SETBIT', indexKey, numerals[rowIndex], '1') -- the index was behind the row
    elseif avoidSingles then
      avoidSingles = false -- every choice that is left leaves a single seat
    else
      local hasSeat = request.seatCount > 1 and firstOpenRow(fullKey(tag, event, '1'), first, last)
      return nil, hasSeat and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
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
    for number = zone and scope or 1, zone and scope or house.zoneCount do
      fields[#fields + 1] = 'held:' .. numerals[number]
    end
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
    local near = alternativeInRow(house, seatCount, row, request.start)
    return nil, request.wouldLeaveSingle and 'SINGLE_SEAT_LEFT' or 'SEAT_TAKEN', near .. otherRows
  end
  if firstFree(digitsOfBits[row.bits], zone.seatsPerRow, 1, 0) then return nil, 'NO_ADJACENT_SEATS', otherRows end
  return nil, 'SOLD_OUT', heldDetail(redis.call('BITCOUNT', heldKey(tag, nameOfRow(request.event, row)))) .. otherRows
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
