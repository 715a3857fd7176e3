-- claimRun: takes seats side by side for a request, or several runs where it permits that.

-- @include keys
-- @include alternatives
-- @include chooseRun
-- @include numerals
-- @include planSplit
-- @include rowIndex
-- @include rows
-- @include seatChanges
-- @include zones

local EVERY_TIER = {} -- stands for the tiers of a request that may have seats of all

-- The labels of seats side by side, with spaces between. `start`: the first seat, from 0.
local function labelsOfRun(row, start, seatCount)
  local stem = numerals[row.zone.number] .. '-' .. numerals[rowNumberOf(row)] .. '-'
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

-- Whether a row in first..last has a free seat that a request may have.
local function hasFreeSeat(tag, request, first, last)
  local house = request.house
  if not request.tiers then return firstOpenRow(runIndex(tag, house, nil, 1, false), first, last) ~= nil end
  for _, tier in ipairs(request.tiers) do
    if firstOpenRow(runIndex(tag, house, tier, 1, false), first, last) then return true end
  end
  return false
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

-- Takes the seats of a plan of several runs. Returns their labels.
local function takeParts(tag, request, parts)
  local labels = {}
  for i, part in ipairs(parts) do labels[i] = takeRun(tag, request, part.row, part.start, part.seatCount) end
  return table.concat(labels, ' ')
end

-- Several runs in the rows first..last for a request that no single one serves; nil where these have too few seats.
local function splitOf(tag, request, first, last)
  for _, tier in ipairs(request.tiers or EVERY_TIER) do
    local parts = planSplit(tag, request, tier, first, last)
    if parts then return parts end
  end
  return not request.tiers and planSplit(tag, request, nil, first, last) or nil
end

-- Decides a request for which the rows first..last have no run. Returns the labels of several where it permits that, or
-- nil, a code and its detail. `hasFree`: whether they have any seat that the request may have. `countsHeld()` gives the
-- held seats of these rows; those of one tier are not counted.
local function withoutRun(tag, request, first, last, hasFree, countsHeld)
  if not hasFree then return nil, 'SOLD_OUT', request.tiers and '' or heldDetail(countsHeld()) end
  local parts = splitOf(tag, request, first, last)
  if parts and request.split then return takeParts(tag, request, parts) end
  return nil, 'NO_ADJACENT_SEATS', parts and splitDetail(parts) or ''
end

-- Takes exact seats of a plain row from `request.start` on. Returns their labels, or nil, a code and its detail.
local function claimExact(tag, request, zone)
  local house, seatCount, start = request.house, request.seatCount, request.start
  if start + seatCount > zone.seatsPerRow then return nil, 'INVALID_REQUEST', '' end
  local row = readRow(tag, request.event, zone, request.row)
  local digits, code = digitsOfBits[row.bits], nil
  if not isFreeRun(digits, start, seatCount) then
    code = 'SEAT_TAKEN'
  elseif house.avoidSingles and leavesSingle(digits, start, seatCount) then
    -- Such seats may be taken where the row has no other choice of that size.
    code = bestStart(digits, zone.seatsPerRow, seatCount, true) and 'SINGLE_SEAT_LEFT'
  end
  if not code then return takeRun(tag, request, row, start, seatCount) end
  return nil, code, alternativeInRow(request, row, start) .. alternativeRows(tag, request, zone, request.row)
end

-- Takes seats in a row that the request names. Returns their labels, or nil, a code and its detail.
local function claimInNamedRow(tag, request, zone)
  local house = request.house
  local row = readRow(tag, request.event, zone, request.row)
  local hasFree = false
  for attempt = house.avoidSingles and 1 or 2, 2 do
    for at = request.tiers and 1 or 0, request.tiers and #request.tiers or 0 do
      local tier = request.tiers and request.tiers[at]
      local start = bestSeatInRow(request, row, tier, attempt == 1)
      if start then return takeRun(tag, request, row, start, request.seatCount) end
      local digits, width = spellRow(row, row.bits, tier, house.isKept)
      hasFree = hasFree or firstFree(digits, width, 1, 0) ~= nil
    end
  end
  local labels, code, detail = withoutRun(tag, request, row.rowIndex, row.rowIndex, hasFree, function()
    return redis.call('BITCOUNT', heldKey(tag, nameOfRow(request.event, row)))
  end)
  if labels then return labels end
  return nil, code, detail .. alternativeRows(tag, request, zone, request.row)
end

-- Takes the seats of a request for seats side by side: anywhere, in a zone, or in a row. Returns their labels, or nil,
-- a code and its detail.
local function claimRun(tag, request)
  local house = request.house
  local zone = request.zone > 0 and readZone(tag, request.event, request.zone) or nil
  if request.zone > 0 and (not zone or request.row > zone.rows) then return nil, 'INVALID_REQUEST', '' end
  if request.row > 0 then return (request.start >= 0 and claimExact or claimInNamedRow)(tag, request, zone) end
  local first, last = 0, house.rowCount - 1
  if zone then
    first, last = zone.firstRowIndex, lastRowIndex(zone)
  end
  local labels = claimBest(tag, request, first, last)
  if labels then return labels end
  local hasFree = request.seatCount > 1 and hasFreeSeat(tag, request, first, last)
  local function countsHeld() return countHeld(tag, house, zone) end
  local split, code, detail = withoutRun(tag, request, first, last, hasFree, countsHeld)
  if split then return split end
  return nil, code, zone and detail .. alternativeRows(tag, request, zone) or detail
end
