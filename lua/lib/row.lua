-- row: what the seat scripts know of a row. Included by them, never run alone.
--
-- A row is a bitmap, seat 0 first, 1 = taken. Beside it stand, for the whole house, the bitmaps `full` 1 to 5: bit R of
-- `full` N is 1 while row R (counted through the house from 0) has no N free seats side by side. BITPOS on them finds the
-- first row that serves a wish at the same cost in an empty house and in one that is nearly full.

local MAX_RUN = 5 -- the most seats in one request, MAX_SEATS_PER_REQUEST of the contract
local MASKS = { 128, 64, 32, 16, 8, 4, 2, 1 }

local spelled = {} -- bytes this call has met, as eight digits
local function spell(byte)
  local digits = {}
  for i = 1, 8 do digits[i] = bit.band(byte, MASKS[i]) == 0 and '0' or '1' end
  spelled[byte] = table.concat(digits)
  return spelled[byte]
end

-- The free runs of a row: their starts (from 0) and their lengths. The bitmap is spelled out a byte at a time and searched
-- by the pattern matcher, which is written in C: several times as fast as a loop over seats.
local function freeRuns(bits, seats)
  local bytes = { string.byte(bits, 1, -1) }
  for i = 1, #bytes do bytes[i] = spelled[bytes[i]] or spell(bytes[i]) end
  local row = table.concat(bytes)
  row = #row < seats and row .. string.rep('0', seats - #row) or string.sub(row, 1, seats)
  local starts, lengths, n = {}, {}, 0
  for from, to in string.gmatch(row, '()0+()') do
    n = n + 1
    starts[n], lengths[n] = from - 1, to - from
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

-- Tells the `full` bitmaps that a row's longest free run went from `before` to `after`.
local function indexRow(fullStem, event, rowIndex, before, after)
  for count = after + 1, math.min(before, MAX_RUN) do
    redis.call('SETBIT', fullStem .. event .. ':' .. count, rowIndex, 1)
  end
  for count = before + 1, math.min(after, MAX_RUN) do
    redis.call('SETBIT', fullStem .. event .. ':' .. count, rowIndex, 0)
  end
end

-- A zone of an open house, { first, rows, seats } (`first` is the house-wide index of its row 1), or nil.
local function readZone(houseStem, event, zone)
  local text = redis.call('HGET', houseStem .. event, 'z' .. zone)
  if not text then return nil end
  local first, rows, seats = string.match(text, '^(%d+) (%d+) (%d+)$')
  return { first = tonumber(first), rows = tonumber(rows), seats = tonumber(seats) }
end
