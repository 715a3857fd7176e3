-- claimLabels: takes exact seats that are no run, each by itself, all or none.

-- @include keys
-- @include alternatives
-- @include chooseRun
-- @include markSeats
-- @include seatLocks
-- @include zones

-- The seats with these labels, the names of those seats as a set, and the number of them in each row; nil where the
-- house has no such seat.
local function parseLabels(tag, event, labels)
  local seats, isWanted, wantedInRow = {}, {}, {}
  for zoneNumber, row, number in string.gmatch(labels, '(%d+)-(%d+)-(%d+)') do
    local zone = readZone(tag, event, tonumber(zoneNumber))
    row, number = tonumber(row), tonumber(number)
    if not zone or row > zone.rows or number > zone.seatsPerRow then return nil end
    local rowNamed = rowName(event, zoneNumber, row)
    seats[#seats + 1] = { zone = zone, row = row, number = number, rowNamed = rowNamed }
    isWanted[rowNamed .. ':' .. number] = true
    wantedInRow[rowNamed] = (wantedInRow[rowNamed] or 0) + 1
  end
  return seats, isWanted, wantedInRow
end

local function isTaken(tag, seat) return redis.call('GETBIT', seatsKey(tag, seat.rowNamed), seat.number - 1) == 1 end

-- Whether a free seat beside this one has only taken ones around it once the wanted seats are taken too.
local function isolatesSeat(tag, isWanted, seat)
  local function isTakenThen(number)
    if number < 1 or number > seat.zone.seatsPerRow then return false end -- past the row's end
    if isWanted[seat.rowNamed .. ':' .. number] then return true end
    return redis.call('GETBIT', seatsKey(tag, seat.rowNamed), number - 1) == 1
  end
  for number = seat.number - 1, seat.number + 1, 2 do
    local isFree = number >= 1 and number <= seat.zone.seatsPerRow and not isTakenThen(number)
    if isFree and isTakenThen(number - 1) and isTakenThen(number + 1) then return true end
  end
  return false
end

-- Alternatives to a seat that cannot be taken: as many seats side by side as the request has, first in that seat's row.
local function alternativesTo(tag, request, seat)
  local house, seatCount, zone = request.house, request.seatCount, seat.zone
  local starts, lengths = freeRuns(redis.call('GET', seatsKey(tag, seat.rowNamed)) or '', zone.seatsPerRow)
  local near = alternativeInRow(house, seatCount, zone, seat.row, starts, lengths, seat.number - 1)
  return near .. alternativeRows(tag, house, seatCount, zone, seat.row)
end

-- The detail of a refusal because a seat would isolate another; nil where its row has no choice of as many seats that
-- isolates none, and so this one may be taken. That choice is offered where no place has all seats of the request.
local function singleSeatDetail(tag, request, seat, wantedHere)
  local seatsPerRow = seat.zone.seatsPerRow
  local starts, lengths = freeRuns(redis.call('GET', seatsKey(tag, seat.rowNamed)) or '', seatsPerRow)
  local start = bestStart(starts, lengths, seatsPerRow, wantedHere, true)
  if not start then return nil end
  local detail = alternativesTo(tag, request, seat)
  if detail ~= '' then return detail end
  return ' ' .. seat.zone.number .. ':' .. seat.row .. ':' .. start .. ':' .. wantedHere
end

-- Returns the labels of the seats that the request has now, or nil, a code and its detail.
local function claimLabels(tag, request)
  local event, avoidSingles = request.event, request.house.avoidSingles
  local seats, isWanted, wantedInRow = parseLabels(tag, event, request.labels)
  if not seats then return nil, 'INVALID_REQUEST', '' end
  for i = 1, #seats do
    if isTaken(tag, seats[i]) then return nil, 'SEAT_TAKEN', alternativesTo(tag, request, seats[i]) end
  end
  for i = 1, avoidSingles and #seats or 0 do
    local seat = seats[i]
    local detail = isolatesSeat(tag, isWanted, seat)
      and singleSeatDetail(tag, request, seat, wantedInRow[seat.rowNamed])
    if detail then return nil, 'SINGLE_SEAT_LEFT', detail end
  end
  local status = request.hold and 'HELD' or 'SOLD'
  for i = 1, #seats do
    local seat = seats[i]
    markSeat(tag, event, seat.zone, seat.row, seat.number, status, avoidSingles)
    if request.hold then
      lockRun(lockStem(tag, seat.rowNamed), seat.number, seat.number, request.ticketId, request.house.lockMs)
    end
  end
  indexMarkedRows(tag) -- the next request of this batch chooses by the index
  return request.labels
end
