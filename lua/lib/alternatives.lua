-- alternatives: places near a refused one that still serve the request, as " zone:row", " zone:row:start" or
-- " zone:row:start:seats" each. A refusal ends with them.

-- @include keys
-- @include chooseRun
-- @include numerals
-- @include rowIndex
-- @include rows
-- @include zones

-- The best row of the nearest other zone that still serves the request, and that zone; nil where there is none.
local function nearestZone(tag, house, index, zone)
  local event, zoneCount, rowCount = house.event, house.zoneCount, house.rowCount
  local frontRow = lastOpenRow(index, 0, zone.firstRowIndex - 1)
  local backRow = firstOpenRow(index, lastRowIndex(zone) + 1, rowCount - 1)
  local frontZone = frontRow and zoneOfRow(tag, event, zoneCount, rowCount, frontRow)
  local backZone = backRow and zoneOfRow(tag, event, zoneCount, rowCount, backRow)
  if frontZone and not (backZone and backZone.number - zone.number < zone.number - frontZone.number) then
    return firstOpenRow(index, frontZone.firstRowIndex, frontRow), frontZone
  end
  return backRow, backZone
end

-- The indexes of the runs that a request may have, those that leave no single seat first where the event avoids them.
local function indexesOf(tag, request)
  local house, indexes = request.house, {}
  for attempt = house.avoidSingles and 1 or 2, 2 do
    for at = request.tiers and 1 or 0, request.tiers and #request.tiers or 0 do
      local tier = request.tiers and request.tiers[at]
      indexes[#indexes + 1] = runIndex(tag, house, tier, request.seatCount, attempt == 1)
    end
  end
  return indexes
end

-- The closest row of the zone that serves the request, where it names a row; then the best row of the closest other
-- zone. Rows that serve it without a single seat come first where the event avoids them.
local function alternativeRows(tag, request, zone, row)
  local found, indexes = '', indexesOf(tag, request)
  if row then
    local first = zone.firstRowIndex
    for i = 1, #indexes do
      local rowIndex = nearestOpenRow(indexes[i], first, lastRowIndex(zone), first + row - 1)
      if rowIndex then
        found = ' ' .. numerals[zone.number] .. ':' .. numerals[rowIndex - first + 1]
        break
      end
    end
  end
  for i = 1, #indexes do
    local rowIndex, other = nearestZone(tag, request.house, indexes[i], zone)
    if rowIndex then
      return found .. ' ' .. numerals[other.number] .. ':' .. numerals[rowIndex - other.firstRowIndex + 1]
    end
  end
  return found
end

-- The seats side by side in the same row that are nearest to the requested start, or ''. Where the event avoids single
-- seats and no such choice is left, any choice may be taken, and so is named.
local function alternativeInRow(request, row, start)
  local house, seatCount = request.house, request.seatCount
  local digits, width = spellRow(row, row.bits, nil, house.isKept)
  local wanted = 2 * placeOf(row.shape, start)
  local nearest = house.avoidSingles and nearestNeatStart(digits, width, seatCount, wanted)
    or nearestStart(digits, width, seatCount, wanted)
  if not nearest then return '' end
  local place = numerals[row.zone.number] .. ':' .. numerals[row.number]
  return ' ' .. place .. ':' .. numerals[seatAt(row.shape, nearest)]
end
