-- freeRuns: the free seats of a row. It reads no keys.
--
-- A row is a bitmap, seat 0 first, 1 = taken. To search it, it is spelled as digits, one for each place: 0 = free, 1 =
-- taken, 2 = no seat that the request can have (lib/rowShape.lua), which counts as the row's end. The string functions,
-- written in C, find free seats several times faster than a loop over seats. The digits of the last byte that lie past
-- the row's end are zeros: each function gets `seatsPerRow`, the number of places.

local byte, char, find, sub = string.byte, string.char, string.find, string.sub

local FREE, NO_SEAT = 48, 50 -- '0' and '2'

local MASKS = { 128, 64, 32, 16, 8, 4, 2, 1 } -- of the seats in a byte

-- Four seats as digits, by the number that they are in a bitmap, plus 1.
local NIBBLES = {
  '0000', '0001', '0010', '0011', '0100', '0101', '0110', '0111',
  '1000', '1001', '1010', '1011', '1100', '1101', '1110', '1111',
}

-- The bytes of this call as eight digits. Few of all 256 occur in one call: to make all costs more than to make these.
local digitsOfByte = setmetatable({}, {
  __index = function(known, character)
    local number = byte(character)
    local low = number % 16
    known[character] = NIBBLES[(number - low) / 16 + 1] .. NIBBLES[low + 1]
    return known[character]
  end,
})

local POWERS = { [0] = 1, 2, 4, 8, 16, 32, 64, 128, 256 } -- of two

-- So many free seats as digits.
local freeSeats = setmetatable({}, {
  __index = function(known, seats)
    known[seats] = string.rep('0', seats)
    return known[seats]
  end,
})

-- The bitmaps of this call as digits: many rows of a sale are alike.
local digitsOfBits = setmetatable({}, {
  __index = function(known, bits)
    local digits = string.gsub(bits, '.', digitsOfByte)
    known[bits] = digits
    return digits
  end,
})

-- A row's bitmap once free seats are taken. Most requests lie in one or two bytes.
local function withTaken(bits, start, seatCount)
  local first = start % 8
  local at, behind = (start - first) / 8, first + seatCount
  local one, two = byte(bits, at + 1, at + 2)
  if behind <= 8 then
    return sub(bits, 1, at) .. char(one + POWERS[8 - first] - POWERS[8 - behind]) .. sub(bits, at + 2)
  end
  local opened = sub(bits, 1, at) .. char(one + POWERS[8 - first] - 1)
  if behind <= 16 then return opened .. char(two + 256 - POWERS[16 - behind]) .. sub(bits, at + 3) end
  local inLast = behind % 8
  local whole = (behind - inLast) / 8 - 1 -- bytes that are taken as a whole
  opened = opened .. string.rep('\255', whole)
  if inLast == 0 then return opened .. sub(bits, at + whole + 2) end
  local last = byte(bits, at + whole + 2)
  return opened .. char(last + 256 - POWERS[8 - inLast]) .. sub(bits, at + whole + 3)
end

local function isTaken(bits, seat)
  local place = seat % 8
  return bit.band(byte(bits, (seat - place) / 8 + 1), MASKS[place + 1]) ~= 0
end

-- The first of `seatCount` free seats side by side from a seat on, or nil.
local function firstFree(digits, seatsPerRow, seatCount, from)
  local at = find(digits, freeSeats[seatCount], from + 1, true)
  return at and at + seatCount - 1 <= seatsPerRow and at - 1 or nil
end

local function isFreeRun(digits, start, seatCount)
  return sub(digits, start + 1, start + seatCount) == freeSeats[seatCount]
end

-- Two lists of equal length: the first seat of each free run and the number of its seats.
local function freeRuns(digits, seatsPerRow)
  local starts, lengths, runs = {}, {}, 0
  for from, to in string.gmatch(sub(digits, 1, seatsPerRow), '()0+()') do
    runs = runs + 1
    starts[runs], lengths[runs] = from - 1, to - from
  end
  return starts, lengths
end

-- Whether taking `seatCount` free seats from `start` on leaves a single free seat between taken ones. A row's ends are
-- not taken, and places without a seat neither.
local function leavesSingle(digits, start, seatCount)
  local behind = start + seatCount
  return sub(digits, start - 1, start) == '10' or sub(digits, behind + 1, behind + 2) == '01'
end

-- The most seats, up to `maxSeats`, that a request can have side by side in a row.
local function largestSize(digits, seatsPerRow, maxSeats)
  for seatCount = maxSeats, 1, -1 do
    if firstFree(digits, seatsPerRow, seatCount, 0) then return seatCount end
  end
  return 0
end

-- For 1 to `maxSeats` seats, whether the row has a choice that leaves no single seat: a run of that length,
-- one longer by two or more (its edge), or one longer by one at an end of the row.
local function neatSizes(digits, seatsPerRow, maxSeats)
  local sizes = {}
  local starts, lengths = freeRuns(digits, seatsPerRow)
  for i = 1, #starts do
    local length = lengths[i]
    local behind = starts[i] + length
    local isAtEnd = starts[i] == 0 or behind == seatsPerRow or byte(digits, starts[i]) == NO_SEAT
    isAtEnd = isAtEnd or byte(digits, behind + 1) == NO_SEAT
    for seatCount = 1, math.min(length, maxSeats) do
      if isAtEnd or length - seatCount ~= 1 then sizes[seatCount] = true end
    end
  end
  return sizes
end
