-- freeRuns: the runs of free seats in a row. It reads no keys.
--
-- A row is a bitmap, seat 0 first, 1 = taken. Its free runs are two lists of equal length: the first seat of each run,
-- from 0, and the number of its seats.

-- @constants MAX_SEATS_PER_REQUEST

local MASKS = { 128, 64, 32, 16, 8, 4, 2, 1 } -- of the seats in a byte

-- The bytes of this call, each as eight digits.
local digitsOfByte = setmetatable({}, {
  __index = function(known, byte)
    local bits, digits = string.byte(byte), {}
    for i = 1, 8 do digits[i] = bit.band(bits, MASKS[i]) == 0 and '0' or '1' end
    known[byte] = table.concat(digits)
    return known[byte]
  end,
})

-- The starts and lengths of a row's free runs. The pattern matcher, written in C, finds them several times faster than
-- a loop over seats.
local function freeRuns(bits, seatsPerRow)
  local digits = string.gsub(bits, '.', digitsOfByte)
  if #digits < seatsPerRow then
    digits = digits .. string.rep('0', seatsPerRow - #digits)
  else
    digits = string.sub(digits, 1, seatsPerRow)
  end
  local starts, lengths, runs = {}, {}, 0
  for from, to in string.gmatch(digits, '()0+()') do
    runs = runs + 1
    starts[runs], lengths[runs] = from - 1, to - from
  end
  return starts, lengths
end

local function longestOf(lengths)
  local longest = 0
  for i = 1, #lengths do
    if lengths[i] > longest then longest = lengths[i] end
  end
  return longest
end

-- Whether taking `seatCount` seats from `from` on, out of the free run at `start`, leaves a single free seat between
-- taken ones. A row's ends are not taken.
local function leavesSingle(start, length, seatsPerRow, from, seatCount)
  local seatsBehind = start + length - from - seatCount
  return (from - start == 1 and start > 0) or (seatsBehind == 1 and start + length < seatsPerRow)
end

-- For 1 to MAX_SEATS_PER_REQUEST seats, whether the row has a choice that leaves no single seat: a run of that length,
-- one longer by two or more (its edge), or one longer by one at an end of the row.
local function neatSizes(starts, lengths, seatsPerRow)
  local sizes = {}
  for seatCount = 1, MAX_SEATS_PER_REQUEST do
    for i = 1, #starts do
      local spare = lengths[i] - seatCount
      local isAtEnd = starts[i] == 0 or starts[i] + lengths[i] == seatsPerRow
      if spare == 0 or spare >= 2 or (spare == 1 and isAtEnd) then
        sizes[seatCount] = true
        break
      end
    end
  end
  return sizes
end
