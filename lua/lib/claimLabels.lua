-- claimLabels: takes exact seats, each by itself, all or none.

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
    if not zone or rowNumber > zone.rows then return nil end
    local row = readRow(tag, event, zone, rowNumber)
    if number >= seatsInRow(zone, rowNumber, row.shape) then return nil end
    seats[#seats + 1] = { row = row, number = number }
  end
  return seats
end

-- Whether a request may have these seats although accessible ones are kept: it names as many of them as it says, and no
-- companion's seat without the accessible one.
local function areForRequest(request, seats)
  local accessible, isNamed = 0, {} -- by row and seat
  for _, seat in ipairs(seats) do
    isNamed[seat.row.key .. ' ' .. seat.number + 1] = true
    local shape = seat.row.shape
    if shape and shape.isAccessible[seat.number + 1] then accessible = accessible + 1 end
  end
  if accessible ~= (request.accessible or 0) then return false end
  for _, seat in ipairs(seats) do
    local companionOf = seat.row.shape and seat.row.shape.companionOf[seat.number + 1]
    if companionOf and not isNamed[seat.row.key .. ' ' .. companionOf] then return false end
  end
  return true
end

-- Alternatives to a seat that cannot be taken: as many seats side by side as the request has, first in that seat's row.
local function alternativesTo(tag, request, seat)
  local row = seat.row
  if row.zone.capacity then return '' end
  local near = alternativeInRow(request, row, seat.number)
  return near .. alternativeRows(tag, request, row.zone, row.number)
end

-- The detail of a refusal because a seat would isolate another; nil where its row has no choice of as many seats that
-- isolates none, and so this one may be taken. That choice is offered where no place has all seats of the request.
local function singleSeatDetail(tag, request, seat, wantedHere)
  local row = seat.row
  local digits, width = spellRow(row, row.bits, nil, request.house.isKept)
  local place = bestStart(digits, width, wantedHere, true)
  if not place then return nil end
  local detail = alternativesTo(tag, request, seat)
  if detail ~= '' then return detail end
  return ' ' .. row.zone.number .. ':' .. row.number .. ':' .. seatAt(row.shape, place) .. ':' .. wantedHere
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
    local row, number = seats[i].row, seats[i].number
    local digits = spellRow(row, bitsThen[row], nil, request.house.isKept)
    local detail = not row.zone.capacity
      and leavesSingle(digits, placeOf(row.shape, number), 1)
      and singleSeatDetail(tag, request, seats[i], wantedInRow[row])
    if detail then return detail end
  end
  return nil
end

-- Takes the seats with these labels. Returns the labels, or nil, a code and its detail.
local function claimLabels(tag, request, labels)
  local seats = parseLabels(tag, request.event, labels)
  if not seats then return nil, 'INVALID_REQUEST', '' end
  if request.house.isKept and not areForRequest(request, seats) then return nil, 'SEAT_RESTRICTED', '' end
  for i = 1, #seats do
    local seat = seats[i]
    if isTaken(seat.row.bits, seat.number) then return nil, 'SEAT_TAKEN', alternativesTo(tag, request, seat) end
  end
  local isolation = request.house.avoidSingles and isolationDetail(tag, request, seats)
  if isolation then return nil, 'SINGLE_SEAT_LEFT', isolation end
  for i = 1, #seats do takeSeats(tag, request, seats[i].row, seats[i].number, 1) end
  recordChange(request.event, request.hold and 'HELD' or 'SOLD', labels)
  return labels
end
