-- rowIndex: finds the rows of a house that still serve a request.
--
-- For each kind of run that a request may need, the index has a bitmap of the house's rows, counted through the house
-- from 0. BITPOS finds the first row that serves a request at the same cost in an empty house and in one that is nearly
-- full. The kinds, each for 1 to `maxSeats` seats:
--
-- - any free seats (`full`, 1 = the row has no such run), and such that no single seat is left (`neat`; kept only where
--   the event avoids single seats)
-- - the same of one tier, where the house has several (`fits`, 1 = the row has such a run: few rows have each)
-- - a run with so many accessible seats (`fits`)

-- @include keys
-- @include freeRuns
-- @include numerals
-- @include rowShape

-- An index is { key =, open = (the bit of a row that serves the request) }.
local function fitsIndex(tag, event, kind) return { key = fitsKey(tag, event, kind), open = '1' } end

-- The index of free runs of a tier (nil: of any) with so many seats.
local function runIndex(tag, house, tier, seatCount, isNeat)
  local at = (tier or 0) * 1000 + seatCount * 2 + (isNeat and 1 or 0)
  local index = house.indexes[at]
  if not index then
    if tier then
      index = fitsIndex(tag, house.event, tier .. ':' .. seatCount .. (isNeat and 'n' or ''))
    else
      index = { key = (isNeat and neatKey or fullKey)(tag, house.event, numerals[seatCount]), open = '0' }
    end
    house.indexes[at] = index
  end
  return index
end

-- The index of runs of a tier (nil: of any) with so many accessible seats among so many.
local function accessibleIndex(tag, house, tier, accessible, seatCount)
  return fitsIndex(tag, house.event, (tier or '') .. 'a' .. accessible .. ':' .. seatCount)
end

-- The index of an area's rows with a free place. Rows count from 0.
local function areaIndex(tag, event, zone) return { key = areaKey(tag, event, numerals[zone.number]), open = '0' } end

local function setOpen(index, rowIndex, isOpen)
  redis.call('SETBIT', index.key, numerals[rowIndex], isOpen == (index.open == '1') and '1' or '0')
end

-- Updates the index of one tier (nil: of all seats) for a row that was and is spelled so.
local function indexRuns(tag, house, rowIndex, tier, digitsBefore, digits, width)
  local maxSeats = house.maxSeats
  local sizeBefore, size = largestSize(digitsBefore, width, maxSeats), largestSize(digits, width, maxSeats)
  for seatCount = math.min(sizeBefore, size) + 1, math.max(sizeBefore, size) do
    setOpen(runIndex(tag, house, tier, seatCount, false), rowIndex, size > sizeBefore)
  end
  if not house.avoidSingles then return end
  local neatBefore, neat = neatSizes(digitsBefore, width, maxSeats), neatSizes(digits, width, maxSeats)
  for seatCount = 1, maxSeats do
    if neat[seatCount] ~= neatBefore[seatCount] then
      setOpen(runIndex(tag, house, tier, seatCount, true), rowIndex, neat[seatCount] == true)
    end
  end
end

-- Calls `visit(start, seatCount, accessible)` for each run in which accessible seats are, and with each companion's
-- seat the accessible one that it belongs to. `start`: a seat, from 0; seats of a run are of one tier (nil: of any).
local function eachAccessibleRun(row, bits, tier, maxSeats, visit)
  local shape = row.shape
  local digits = spellRow(row, bits, tier, false)
  for start = 1, shape.seats do
    local accessible, waiting, unmet = 0, {}, 0 -- companions whose accessible seat is further right
    local place = placeOf(shape, start - 1)
    for seat = start, math.min(shape.seats, start + maxSeats - 1) do
      if byte(digits, place + seat - start + 1) ~= FREE then break end -- also at a gap: it is a place
      local companionOf = shape.companionOf[seat]
      if companionOf and companionOf < start then break end
      if companionOf and companionOf > seat then
        waiting[companionOf] = (waiting[companionOf] or 0) + 1
        unmet = unmet + 1
      end
      if shape.isAccessible[seat] then accessible = accessible + 1 end
      unmet = unmet - (waiting[seat] or 0)
      if unmet == 0 and accessible > 0 then visit(start - 1, seat - start + 1, accessible) end
    end
  end
end

-- The kinds of runs with accessible seats that a row has: true by index key.
local function accessibleKinds(tag, house, row, bits, tiers)
  local kinds = {}
  for at = 0, #tiers do
    local tier = tiers[at] -- nil at 0: of any
    eachAccessibleRun(row, bits, tier, house.maxSeats, function(_, seatCount, accessible)
      kinds[accessibleIndex(tag, house, tier, accessible, seatCount).key] = true
    end)
  end
  return kinds
end

-- Updates the index of runs with accessible seats for a row whose taken seats were and are so.
local function indexAccessible(tag, house, row, bitsBefore, bits, tiers)
  local before = accessibleKinds(tag, house, row, bitsBefore, tiers)
  local kinds = accessibleKinds(tag, house, row, bits, tiers)
  for key in pairs(before) do
    if not kinds[key] then redis.call('SETBIT', key, numerals[row.rowIndex], '0') end
  end
  for key in pairs(kinds) do
    if not before[key] then redis.call('SETBIT', key, numerals[row.rowIndex], '1') end
  end
end

-- Updates all of the index for a row whose taken seats were and are so.
local function indexRow(tag, house, row, bitsBefore, bits)
  local zone = row.zone
  if zone.capacity then
    local width = seatsInRow(zone, row.rowIndex + 1)
    local wasOpen = firstFree(digitsOfBits[bitsBefore], width, 1, 0) ~= nil
    local isOpen = firstFree(digitsOfBits[bits], width, 1, 0) ~= nil
    if isOpen ~= wasOpen then setOpen(areaIndex(tag, house.event, zone), row.rowIndex, isOpen) end
    return
  end
  local tiers = house.hasTiers and tiersOfRow(row) or {}
  for at = 0, #tiers do
    local tier = tiers[at] -- nil at 0: of any
    local before, width = spellRow(row, bitsBefore, tier, house.isKept)
    indexRuns(tag, house, row.rowIndex, tier, before, spellRow(row, bits, tier, house.isKept), width)
  end
  if row.shape and row.shape.hasAccessible then indexAccessible(tag, house, row, bitsBefore, bits, tiers) end
end

-- Writes all of the index for a row whose taken seats are `bits`, whatever it had before. Rows without a bit in `fits`
-- have no such run, so only the runs that there are have to be written there.
local function writeIndex(tag, house, row, bits)
  local zone, allTaken = row.zone, string.rep('\255', #bits)
  if zone.capacity then
    setOpen(areaIndex(tag, house.event, zone), row.rowIndex, false)
  else
    for seatCount = 1, house.maxSeats do
      setOpen(runIndex(tag, house, nil, seatCount, false), row.rowIndex, false)
      if house.avoidSingles then setOpen(runIndex(tag, house, nil, seatCount, true), row.rowIndex, false) end
    end
  end
  indexRow(tag, house, row, allTaken, bits)
end

-- Updates the index for a row of which the seats first..last, from 0, were taken.
local function indexTakenSeats(tag, house, row, bitsBefore, first, last)
  if not row.shape and not row.zone.capacity then
    -- Most rows still have enough seats side by side for all requests, so no bit changes. With two seats more than the
    -- largest request has, there is a choice of each size that leaves no single seat.
    local digitsBefore, seatsPerRow = digitsOfBits[bitsBefore], row.zone.seatsPerRow
    local enough = house.maxSeats + (house.avoidSingles and 2 or 0)
    local start = firstFree(digitsBefore, seatsPerRow, enough, 0)
    if start and start + enough <= first then return end
    if firstFree(digitsBefore, seatsPerRow, enough, last + 1) then return end
  end
  indexRow(tag, house, row, bitsBefore, row.bits)
end

-- The first row in first..last that an index has as open, or nil.
local function firstOpenRow(index, first, last)
  if first > last then return nil end
  local rowIndex = redis.call('BITPOS', index.key, index.open, numerals[first], numerals[last], 'BIT')
  return rowIndex >= first and rowIndex <= last and rowIndex or nil
end

-- The last row in first..last that an index has as open, or nil. BITPOS searches forward only: this reads the bytes and
-- searches them from the end.
local function lastOpenRow(index, first, last)
  if first > last then return nil end
  local firstByte, lastByte = math.floor(first / 8), math.floor(last / 8)
  local isOneOpen = index.open == '1'
  local bytes = redis.call('GETRANGE', index.key, numerals[firstByte], numerals[lastByte])
  -- Bytes that the bitmap does not have are zeros.
  bytes = string.reverse(bytes .. string.rep('\0', lastByte - firstByte + 1 - #bytes))
  local at, bitsPastLast = 0, 7 - last % 8 -- bits of the last byte that lie behind the range
  while true do
    at = string.find(bytes, isOneOpen and '[^%z]' or '[^\255]', at + 1)
    if not at then return nil end
    local number = byte(bytes, at)
    local firstOfByte = (lastByte - at + 1) * 8
    for i = (at == 1 and 8 - bitsPastLast or 8), 1, -1 do
      if (bit.band(number, MASKS[i]) ~= 0) == isOneOpen then
        local rowIndex = firstOfByte + i - 1
        return rowIndex >= first and rowIndex or nil
      end
    end
  end
end

-- The row in first..last nearest to `rowIndex`, which is left out, that an index has as open, or nil; the front one
-- where two are equally near.
local function nearestOpenRow(index, first, last, rowIndex)
  local front = lastOpenRow(index, first, rowIndex - 1)
  local back = firstOpenRow(index, rowIndex + 1, last)
  if front and back then return rowIndex - front <= back - rowIndex and front or back end
  return front or back
end
