-- claimRun: takes seats side by side for a request. lib/refuseRun.lua says why there are none.

-- @include chooseRun
-- @include numerals
-- @include rowIndex
-- @include rows
-- @include seatChanges
-- @include zones

-- The labels of seats side by side, with spaces between. `start`: the first seat, from 0.
local function labelsOfRun(row, start, seatCount)
  local stem = numerals[row.zone.number] .. '-' .. numerals[row.number] .. '-'
  local labels = stem .. numerals[start + 1]
  for seat = start + 2, start + seatCount do labels = labels .. ' ' .. stem .. numerals[seat] end
  return labels
end

-- Takes seats side by side. Returns their labels.
local function takeRun(tag, request, row, start, seatCount)
  takeSeats(tag, request, row, start, seatCount)
  local labels = labelsOfRun(row, start, seatCount)
  recordChange(request.event, request.hold and 'HELD' or 'SOLD', labels)
  return labels
end

-- The first seat, from 0, of the best run of a request in a row, of a tier (nil: of any), or nil.
local function bestSeatInRow(request, row, tier, avoidSingles)
  local digits, width = spellRow(row, row.bits, tier, request.house.isKept)
  local place = bestStart(digits, width, request.seatCount, avoidSingles)
  return place and seatAt(row.shape, place)
end

-- The row in first..last nearest to the front that has a run for a request, the tier of that run (nil: any), and the
-- index that says so; nil where there is none.
local function frontRow(tag, request, first, last, isNeat)
  local house, seatCount = request.house, request.seatCount
  if not request.tiers then
    local index = runIndex(tag, house, nil, seatCount, isNeat)
    return firstOpenRow(index, first, last), nil, index
  end
  local found, foundTier, foundIndex
  for _, tier in ipairs(request.tiers) do
    local index = runIndex(tag, house, tier, seatCount, isNeat)
    local rowIndex = firstOpenRow(index, first, found and found - 1 or last)
    if rowIndex then
      found, foundTier, foundIndex = rowIndex, tier, index
    end
  end
  return found, foundTier, foundIndex
end

-- The row of the house with an index, which is no area's.
local function readRowAt(tag, house, rowIndex)
  local zone = zoneOfRow(tag, house.event, house.zoneCount, house.rowCount, rowIndex)
  return readRow(tag, house.event, zone, rowIndex - zone.firstRowIndex + 1)
end

-- Takes the best seats in the rows first..last of the house. Returns their labels, or nil.
local function claimBest(tag, request, first, last)
  local house = request.house
  local avoidSingles = house.avoidSingles
  while true do
    local rowIndex, tier, index = frontRow(tag, request, first, last, avoidSingles)
    if rowIndex then
      local row = readRowAt(tag, house, rowIndex)
      local start = bestSeatInRow(request, row, tier, avoidSingles)
      if start then return takeRun(tag, request, row, start, request.seatCount) end
      setOpen(index, rowIndex, false) -- the index was behind the row
    elseif avoidSingles then
      avoidSingles = false -- every choice that is left leaves a single seat
    else
      return nil
    end
  end
end

-- Takes exact seats of a plain row from `request.start` on. Returns their labels, or nil and a code.
local function claimExact(tag, request, zone)
  local house, seatCount, start = request.house, request.seatCount, request.start
  if start + seatCount > zone.seatsPerRow then return nil, 'INVALID_REQUEST' end
  local row = readRow(tag, request.event, zone, request.row)
  local digits = digitsOfBits[row.bits]
  if not isFreeRun(digits, start, seatCount) then return nil, 'SEAT_TAKEN' end
  -- Such seats may be taken where the row has no other choice of that size.
  local wouldLeaveSingle = house.avoidSingles
    and leavesSingle(digits, start, seatCount)
    and bestStart(digits, zone.seatsPerRow, seatCount, true)
  if wouldLeaveSingle then return nil, 'SINGLE_SEAT_LEFT' end
  return takeRun(tag, request, row, start, seatCount)
end

-- Takes seats in a row that the request names. Returns their labels, or nil.
local function claimInNamedRow(tag, request, zone)
  local row = readRow(tag, request.event, zone, request.row)
  if not (request.tiers or row.shape or request.house.avoidSingles) then -- as most
    local start = bestStart(digitsOfBits[row.bits], zone.seatsPerRow, request.seatCount, false)
    return start and takeRun(tag, request, row, start, request.seatCount)
  end
  for attempt = request.house.avoidSingles and 1 or 2, 2 do
    for at = request.tiers and 1 or 0, request.tiers and #request.tiers or 0 do
      local start = bestSeatInRow(request, row, request.tiers and request.tiers[at], attempt == 1)
      if start then return takeRun(tag, request, row, start, request.seatCount) end
    end
  end
  return nil
end

-- Takes the seats of a request for seats side by side: anywhere, in a zone (nil: any), or in a row. Returns their
-- labels; or nil, and a code where the request cannot have any other.
local function claimRun(tag, request, zone)
  if zone and request.row > zone.rows then return nil, 'INVALID_REQUEST' end
  if request.row > 0 then return (request.start >= 0 and claimExact or claimInNamedRow)(tag, request, zone) end
  if not zone then return claimBest(tag, request, 0, request.house.rowCount - 1) end
  return claimBest(tag, request, zone.firstRowIndex, lastRowIndex(zone))
end
