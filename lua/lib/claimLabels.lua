-- claimLabels: takes exact seats that are no run, each by itself, all or none.

-- @include alternatives
-- @include chooseRun
-- @include rows
-- @include seatChanges
-- @include zones

-- The seats with these labels, each { row =, number = } with the number from 0; nil where the house has no such seat.
local function parseLabels(tag, event, labels)
  local seats = {}
  for zoneNumber, rowNumber, number in string.gmatch(labels, '(%d+)-(%d+)-(%d+)') do
    local zone = readZone(tag, event, numberOf[zoneNumber])
    rowNumber, number = numberOf[rowNumber], numberOf[number] - 1
    if not zone or rowNumber > zone.rows or number >= zone.seatsPerRow then return nil end
    seats[#seats + 1] = { row = readRow(tag, event, zone, rowNumber), number = number }
  end
  return seats
end

-- Alternatives to a seat that cannot be taken: as many seats side by side as the request has, first in that seat's row.
local function alternativesTo(tag, request, seat)
  local house, seatCount, row = request.house, request.seatCount, seat.row
  local near = alternativeInRow(house, seatCount, row, seat.number)
  return near .. alternativeRows(tag, house, seatCount, row.zone, rowNumberOf(row))
end

-- The detail of a refusal because a seat would isolate another; nil where its row has no choice of as many seats that
-- isolates none, and so this one may be taken. That choice is offered where no place has all seats of the request.
local function singleSeatDetail(tag, request, seat, wantedHere)
  local row, zone = seat.row, seat.row.zone
  local start = bestStart(digitsOfBits[row.bits], zone.seatsPerRow, wantedHere, true)
  if not start then return nil end
  local detail = alternativesTo(tag, request, seat)
  if detail ~= '' then return detail end
  return ' ' .. zone.number .. ':' .. rowNumberOf(row) .. ':' .. start .. ':' .. wantedHere
end

-- The detail of a refusal because these seats would isolate one beside them; nil where they may be taken.
local function isolationDetail(tag, request, seats)
  local bitsThen, wantedInRow = {}, {} -- by row, once the seats are taken
  for i = 1, #seats do
    local row = seats[i].row
    bitsThen[row] = withTaken(bitsThen[row] or row.bits, seats[i].number, 1)
    wantedInRow[row] = (wantedInRow[row] or 0) + 1
  end
  for i = 1, #seats do
    local seat = seats[i]
    local detail = leavesSingle(digitsOfBits[bitsThen[seat.row]], seat.number, 1)
      and singleSeatDetail(tag, request, seat, wantedInRow[seat.row])
    if detail then return detail end
  end
  return nil
end

-- Returns the labels of the seats that the request has now, or nil, a code and its detail.
local function claimLabels(tag, request)
  local seats = parseLabels(tag, request.event, request.labels)
  if not seats then return nil, 'INVALID_REQUEST', '' end
  for i = 1, #seats do
    local seat = seats[i]
    if isTaken(seat.row.bits, seat.number) then return nil, 'SEAT_TAKEN', alternativesTo(tag, request, seat) end
  end
  local isolation = request.house.avoidSingles and isolationDetail(tag, request, seats)
  if isolation then return nil, 'SINGLE_SEAT_LEFT', isolation end
  for i = 1, #seats do
    local row = seats[i].row
    takeSeats(tag, request, row, digitsOfBits[row.bits], seats[i].number, 1)
  end
  recordChange(request.event, request.hold and 'HELD' or 'SOLD', request.labels)
  return request.labels
end
