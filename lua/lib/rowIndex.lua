-- rowIndex: finds the rows of a house that still serve a request.
--
-- For each number of seats in a request the index has a bitmap of the house's rows, counted through the house from 0:
-- `full` has 1 where a row has no run of so many free seats, `neat` where it has none that leaves no single seat (kept
-- only where the event avoids single seats). BITPOS finds the first row that serves a request at the same cost in an
-- empty house and in one that is nearly full.

-- @include keys
-- @include freeRuns
-- @include numerals
-- @constants MAX_SEATS_PER_REQUEST

-- Updates `full` for a row whose longest free run changed.
local function indexLongestRun(tag, event, rowIndex, longestBefore, longestNow)
  for seatCount = longestNow + 1, math.min(longestBefore, MAX_SEATS_PER_REQUEST) do
    redis.call('SETBIT', fullKey(tag, event, numeral(seatCount)), numeral(rowIndex), 1)
  end
  for seatCount = longestBefore + 1, math.min(longestNow, MAX_SEATS_PER_REQUEST) do
    redis.call('SETBIT', fullKey(tag, event, numeral(seatCount)), numeral(rowIndex), 0)
  end
end

-- Writes `neat` for a row with these free runs.
local function indexNeatSizes(tag, event, rowIndex, starts, lengths, seatsPerRow)
  local sizes = neatSizes(starts, lengths, seatsPerRow)
  for seatCount = 1, MAX_SEATS_PER_REQUEST do
    redis.call('SETBIT', neatKey(tag, event, numeral(seatCount)), numeral(rowIndex), sizes[seatCount] and 0 or 1)
  end
end

-- The first row in first..last whose bit is 0, or nil.
local function firstOpenRow(indexKey, first, last)
  if first > last then return nil end
  local rowIndex = redis.call('BITPOS', indexKey, 0, first, last, 'BIT')
  return rowIndex >= first and rowIndex <= last and rowIndex or nil
end

-- The last row in first..last whose bit is 0, or nil. BITPOS searches forward only: this reads the bytes and searches
-- them from the end.
local function lastOpenRow(indexKey, first, last)
  if first > last then return nil end
  local bytes = string.reverse(redis.call('GETRANGE', indexKey, math.floor(first / 8), math.floor(last / 8)))
  local at, bitsPastLast = 0, 7 - last % 8 -- bits of the last byte that lie behind the range
  while true do
    at = string.find(bytes, '[^\255]', at + 1)
    if not at then return nil end
    local byte = string.byte(bytes, at)
    local firstOfByte = (math.floor(last / 8) - at + 1) * 8
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
