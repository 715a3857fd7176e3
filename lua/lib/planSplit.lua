-- planSplit: chooses several runs for a request that no single one serves, as near to each other as may be. It takes
-- nothing.

-- @include chooseRun
-- @include numerals
-- @include rowIndex
-- @include rows
-- @include zones

-- Rows that a plan reads without a seat for it, because the index is behind them.
local MAX_ROWS_IN_VAIN = 20

-- Several runs of a tier (nil: of any) in the rows first..last: the largest that a row has, nearest the front. Then the
-- rest of the request, always the largest run there: in the same row, in the nearest rows of its zone, in the nearest
-- rows behind and before the zone. Returns a list of { row =, start = (from 0), seatCount = }; nil where the rows have
-- too few seats.
local function planSplit(tag, request, tier, first, last)
  local house = request.house
  local parts, remaining, rowsInVain = {}, request.seatCount, 0
  local bitsThen = {} -- by row, once the parts so far are taken

  local function takeLargest(row)
    local bits = bitsThen[row] or row.bits
    local digits, width = spellRow(row, bits, tier, house.isKept)
    local size = largestSize(digits, width, remaining)
    if size == 0 then return false end
    local start = seatAt(row.shape, bestStart(digits, width, size, false))
    parts[#parts + 1] = { row = row, start = start, seatCount = size }
    bitsThen[row] = withTaken(bits, start, size)
    remaining = remaining - size
    return true
  end

  local function takeFrom(rowIndex)
    local zone = zoneOfRow(tag, house.event, house.zoneCount, house.rowCount, rowIndex)
    local row = readRow(tag, house.event, zone, rowIndex - zone.firstRowIndex + 1)
    if not takeLargest(row) then rowsInVain = rowsInVain + 1 end
    while remaining > 0 and takeLargest(row) do end
    return zone
  end

  -- Takes seats in the rows that are nearest to a row: some before it, from..to, and some behind it.
  local function takeNear(rowIndex, from, to, behindFrom, behindTo)
    local free = runIndex(tag, house, tier, 1, false)
    local front, back = lastOpenRow(free, from, to), firstOpenRow(free, behindFrom, behindTo)
    while remaining > 0 and rowsInVain < MAX_ROWS_IN_VAIN and (front or back) do
      if front and not (back and back - rowIndex < rowIndex - front) then
        takeFrom(front)
        front = lastOpenRow(free, from, front - 1)
      else
        takeFrom(back)
        back = firstOpenRow(free, back + 1, behindTo)
      end
    end
  end

  local anchor
  for seatCount = remaining - 1, 1, -1 do
    anchor = anchor or firstOpenRow(runIndex(tag, house, tier, seatCount, false), first, last)
  end
  if not anchor then return nil end
  local zone = takeFrom(anchor)
  local zoneFirst, zoneLast = math.max(first, zone.firstRowIndex), math.min(last, lastRowIndex(zone))
  takeNear(anchor, zoneFirst, anchor - 1, anchor + 1, zoneLast)
  takeNear(anchor, first, zoneFirst - 1, zoneLast + 1, last)
  return remaining == 0 and parts or nil
end

-- The runs of a plan, as a refusal names them: " s:zone:row:start:seats" for each.
local function splitDetail(parts)
  local detail = ''
  for _, part in ipairs(parts) do
    local place = numerals[part.row.zone.number] .. ':' .. numerals[part.row.number]
    detail = detail .. ' s:' .. place .. ':' .. numerals[part.start] .. ':' .. numerals[part.seatCount]
  end
  return detail
end
