-- rowIndex: finds the rows of a house that still serve a request.
--
-- For each number of seats in a request the index has a bitmap of the house's rows, counted through the house from 0:
-- `full` has 1 where a row has no run of so many free seats, `neat` where it has none that leaves no single seat (kept
-- only where the event avoids single seats). BITPOS finds the first row that serves a request at the same cost in an
-- empty house and in one that is nearly full.

-- @include keys
-- @include freeRuns
-- @include numerals
-- @constants DEFAULT_MAX_SEATS

-- The rules of an open house that the index depends on, from two fields of its hash. A house that the version before
-- opened has no `maxSeats`.
local function indexRules(avoidSingles, maxSeats)
  return { avoidSingles = avoidSingles == '1', maxSeats = tonumber(maxSeats or nil) or DEFAULT_MAX_SEATS }
end

-- Updates `full` for a row of which seats changed.
local function indexLargestSize(tag, event, rowIndex, sizeBefore, size)
  local value = size < sizeBefore and '1' or '0'
  for seatCount = math.min(sizeBefore, size) + 1, math.max(sizeBefore, size) do
    redis.call('SETBIT', fullKey(tag, event, numerals[seatCount]), numerals[rowIndex], value)
  end
end

-- Writes `neat` for a row.
local function indexNeatSizes(tag, event, rowIndex, digits, seatsPerRow, maxSeats)
  local sizes = neatSizes(digits, seatsPerRow, maxSeats)
  for seatCount = 1, maxSeats do
    redis.call('SETBIT', neatKey(tag, event, numerals[seatCount]), numerals[rowIndex], sizes[seatCount] and '0' or '1')
  end
end

-- Updates the index for a row of which the seats first..last were taken; `digitsBefore` spell it as it was.
local function indexTakenSeats(tag, house, row, digitsBefore, first, last)
  local event, rowIndex, seatsPerRow, maxSeats = house.event, row.rowIndex, row.zone.seatsPerRow, house.maxSeats
  -- Most rows still have enough seats side by side for all requests, so no bit changes. With two seats more than the
  -- largest request has, there is a choice of each size that leaves no single seat.
  local enough = maxSeats + (house.avoidSingles and 2 or 0)
  local start = firstFree(digitsBefore, seatsPerRow, enough, 0)
  if start and start + enough <= first then return end
  if firstFree(digitsBefore, seatsPerRow, enough, last + 1) then return end
  local digits = digitsOfBits[row.bits]
  local sizeBefore = largestSize(digitsBefore, seatsPerRow, maxSeats)
  local size = largestSize(digits, seatsPerRow, maxSeats)
  indexLargestSize(tag, event, rowIndex, sizeBefore, size)
  if not house.avoidSingles then return end
  local neatBefore = neatSizes(digitsBefore, seatsPerRow, maxSeats)
  local neat = neatSizes(digits, seatsPerRow, maxSeats)
  for seatCount = 1, maxSeats do
    if neat[seatCount] ~= neatBefore[seatCount] then
      local key = neatKey(tag, event, numerals[seatCount])
      redis.call('SETBIT', key, numerals[rowIndex], neat[seatCount] and '0' or '1')
    end
  end
end

-- The first row in first..last whose bit is 0, or nil.
local function firstOpenRow(indexKey, first, last)
  if first > last then return nil end
  local rowIndex = redis.call('BITPOS', indexKey, '0', numerals[first], numerals[last], 'BIT')
  return rowIndex >= first and rowIndex <= last and rowIndex or nil
end

-- The last row in first..last whose bit is 0, or nil. BITPOS searches forward only: this reads the bytes and searches
-- them from the end.
local function lastOpenRow(indexKey, first, last)
  if first > last then return nil end
  local firstByte, lastByte = math.floor(first / 8), math.floor(last / 8)
  local bytes = string.reverse(redis.call('GETRANGE', indexKey, numerals[firstByte], numerals[lastByte]))
  local at, bitsPastLast = 0, 7 - last % 8 -- bits of the last byte that lie behind the range
  while true do
    at = string.find(bytes, '[^\255]', at + 1)
    if not at then return nil end
    local byte = string.byte(bytes, at)
    local firstOfByte = (lastByte - at + 1) * 8
    for i = (at == 1 and 8 - bitsPastLast or 8), 1, -1 do
      if bit.band(byte, MASKS[i]) == 0 then
        local rowIndex = firstOfByte + i - 1
        return rowIndex >= first and rowIndex or nil
      end
    end
  end
end

-- The row in first..last nearest to `rowIndex`, which is left out, whose bit is 0, or nil; the front one where two are
-- equally near.
local function nearestOpenRow(indexKey, first, last, rowIndex)
  local front = lastOpenRow(indexKey, first, rowIndex - 1)
  local back = firstOpenRow(indexKey, rowIndex + 1, last)
  if front and back then return rowIndex - front <= back - rowIndex and front or back end
  return front or back
end
