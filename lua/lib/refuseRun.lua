-- refuseRun: says why a request cannot have seats side by side, and what it could have instead; or takes several runs
-- where it permits that.

-- @include keys
-- @include alternatives
-- @include claimRun
-- @include numerals
-- @include planSplit
-- @include rowIndex
-- @include rows
-- @include seatChanges
-- @include zones

-- Whether a row in first..last has a free seat that a request may have.
local function hasFreeSeat(tag, request, first, last)
  local house = request.house
  if not request.tiers then return firstOpenRow(runIndex(tag, house, nil, 1, false), first, last) ~= nil end
  for _, tier in ipairs(request.tiers) do
    if firstOpenRow(runIndex(tag, house, tier, 1, false), first, last) then return true end
  end
  return false
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
  for _, tier in ipairs(request.tiers or {}) do
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

-- Whether a row has a free seat that a request may have.
local function hasFreeSeatIn(request, row)
  for at = request.tiers and 1 or 0, request.tiers and #request.tiers or 0 do
    local digits, width = spellRow(row, row.bits, request.tiers and request.tiers[at], request.house.isKept)
    if firstFree(digits, width, 1, 0) then return true end
  end
  return false
end

-- Decides a request that gets no seats in the row that it names, as `withoutRun`.
local function withoutRunInRow(tag, request, zone)
  local row = readRow(tag, request.event, zone, request.row)
  local function countsHeld() return redis.call('BITCOUNT', heldKey(tag, nameOfRow(request.event, row))) end
  local hasFree = hasFreeSeatIn(request, row)
  local labels, code, detail = withoutRun(tag, request, row.rowIndex, row.rowIndex, hasFree, countsHeld)
  if labels then return labels end
  return nil, code, detail .. alternativeRows(tag, request, zone, request.row)
end

-- Decides a request to which `claimRun` gave no seats, and perhaps a code. Returns the labels of several runs, or nil,
-- a code and its detail.
local function refuseRun(tag, request, zone, code)
  if code == 'INVALID_REQUEST' then return nil, code, '' end
  if code then
    local near = alternativeInRow(request, readRow(tag, request.event, zone, request.row), request.start)
    return nil, code, near .. alternativeRows(tag, request, zone, request.row)
  end
  if request.row > 0 then return withoutRunInRow(tag, request, zone) end
  local first, last = 0, request.house.rowCount - 1
  if zone then
    first, last = zone.firstRowIndex, lastRowIndex(zone)
  end
  local hasFree = request.seatCount > 1 and hasFreeSeat(tag, request, first, last)
  local function countsHeld() return countHeld(tag, request.house, zone) end
  local labels, refusal, detail = withoutRun(tag, request, first, last, hasFree, countsHeld)
  if labels then return labels end
  return nil, refusal, zone and detail .. alternativeRows(tag, request, zone) or detail
end
