-- alternatives: places near a refused one that still serve the request, as " zone:row", " zone:row:start" or
-- " zone:row:start:seats" each. A refusal ends with them.

-- @include keys
-- @include chooseRun
-- @include numerals
-- @include rowIndex
-- @include rows
-- @include zones

-- The best row of the nearest other zone that still serves the request, and that zone; nil where there is none.
local function nearestZone(tag, house, indexKey, zone)
  local event, zoneCount, rowCount = house.event, house.zoneCount, house.rowCount
  local frontRow = lastOpenRow(indexKey, 0, zone.firstRowIndex - 1)
  local backRow = firstOpenRow(indexKey, zone.firstRowIndex + zone.rows, rowCount - 1)
  local frontZone = frontRow and zoneOfRow(tag, event, zoneCount, rowCount, frontRow)
  local backZone = backRow and zoneOfRow(tag, event, zoneCount, rowCount, backRow)
  if frontZone and not (backZone and backZone.number - zone.number < zone.number - frontZone.number) then
    return firstOpenRow(indexKey, frontZone.firstRowIndex, frontRow), frontZone
  end
  return backRow, backZone
end

-- The closest row of the zone that serves the request, where it names a row; then the best row of the closest other
-- zone. Rows that serve it without a single seat come first where the event avoids them.
local function alternativeRows(tag, house, seatCount, zone, row)
  local found = ''
  local indexKeys = { fullKey(tag, house.event, numerals[seatCount]) }
  if house.avoidSingles then table.insert(indexKeys, 1, neatKey(tag, house.event, numerals[seatCount])) end
  if row then
    local first = zone.firstRowIndex
    for i = 1, #indexKeys do
      local rowIndex = nearestOpenRow(indexKeys[i], first, first + zone.rows - 1, first + row - 1)
      if rowIndex then
        found = ' ' .. numerals[zone.number] .. ':' .. numerals[rowIndex - first + 1]
        break
      end
    end
  end
  for i = 1, #indexKeys do
    local rowIndex, other = nearestZone(tag, house, indexKeys[i], zone)
    if rowIndex then
      return found .. ' ' .. numerals[other.number] .. ':' .. numerals[rowIndex - other.firstRowIndex + 1]
    end
  end
  return found
end

-- The seats side by side in the same row that are nearest to the requested start, or ''. Where the event avoids single
-- seats and no such choice is left, any choice may be taken, and so is named.
local function alternativeInRow(house, seatCount, row, start)
  local digits, zone = digitsOfBits[row.bits], row.zone
  local nearest = house.avoidSingles and nearestNeatStart(digits, zone.seatsPerRow, seatCount, 2 * start)
    or nearestStart(digits, zone.seatsPerRow, seatCount, 2 * start)
  if not nearest then return '' end
  return ' ' .. numerals[zone.number] .. ':' .. numerals[rowNumberOf(row)] .. ':' .. numerals[nearest]
end
