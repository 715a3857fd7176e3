-- claimAccessible: takes seats side by side of which so many are accessible, each companion's only together with the
-- accessible seat that it belongs to.

-- @include claimRun
-- @include rowIndex
-- @include rows
-- @include zones

-- The row in first..last nearest to the front that has such a run of so many seats, and its tier (nil: any).
local function frontAccessibleRow(tag, request, first, last, accessible, seatCount)
  local found, foundTier
  for at = request.tiers and 1 or 0, request.tiers and #request.tiers or 0 do
    local tier = request.tiers and request.tiers[at]
    local index = accessibleIndex(tag, request.house, tier, accessible, seatCount)
    local rowIndex = firstOpenRow(index, first, found and found - 1 or last)
    if rowIndex then
      found, foundTier = rowIndex, tier
    end
  end
  return found, foundTier
end

-- The first seat, from 0, of the best such run in a row: nearest its middle, then the left one; nil where it has none.
local function bestAccessibleStart(request, row, tier)
  local best, bestDistance
  local width = row.shape.seats + #row.shape.gaps
  eachAccessibleRun(row, row.bits, tier, request.seatCount, function(start, seatCount, accessible)
    if seatCount ~= request.seatCount or accessible ~= request.accessible then return end
    local distance = math.abs(2 * placeOf(row.shape, start) + seatCount - width)
    if not best or distance < bestDistance then
      best, bestDistance = start, distance
    end
  end)
  return best
end

-- Returns the labels of the seats that the request has now, or nil and a code.
local function claimAccessible(tag, request)
  local house, first, last = request.house, 0, request.house.rowCount - 1
  if request.zone > 0 then
    local zone = readZone(tag, request.event, request.zone)
    if not zone or request.row > zone.rows then return nil, 'INVALID_REQUEST', '' end
    first, last = zone.firstRowIndex, lastRowIndex(zone)
    if request.row > 0 then
      first = zone.firstRowIndex + request.row - 1
      last = first
    end
  end
  while true do
    local rowIndex, tier = frontAccessibleRow(tag, request, first, last, request.accessible, request.seatCount)
    if not rowIndex then break end
    local row = readRowAt(tag, house, rowIndex)
    local start = row.shape and bestAccessibleStart(request, row, tier)
    if start then return takeRun(tag, request, row, start, request.seatCount) end
    -- The index was behind the row.
    setOpen(accessibleIndex(tag, house, tier, request.accessible, request.seatCount), rowIndex, false)
  end
  local isFree = frontAccessibleRow(tag, request, first, last, 1, 1) ~= nil
  return nil, isFree and 'NO_ADJACENT_SEATS' or 'SOLD_OUT', ''
end
