-- row: what the seat scripts know of a row. Included by them, never run alone.
--
-- A row is a bitmap, seat 0 first, 1 = taken. Beside it stand, for the whole house, the bitmaps `full` 1 to 5: bit R of
-- `full` N is 1 while row R (counted through the house from 0) has no N free seats side by side. BITPOS on them finds the
-- first row that serves a wish at the same cost in an empty house and in one that is nearly full.

local MAX_RUN = 5 -- the most seats in one request, MAX_SEATS_PER_REQUEST of the contract
local MASKS = { 128, 64, 32, 16, 8, 4, 2, 1 }

-- The free runs of a row: their starts (from 0) and their lengths. Eight seats at a step where a byte is full or empty.
local function freeRuns(bits, seats)
  local starts, lengths, n = {}, {}, 0
  local open = nil
  for at = 0, seats - 1, 8 do
    local byte = string.byte(bits, at / 8 + 1) or 0
    if byte == 255 then
      if open then
        n = n + 1
        starts[n], lengths[n] = open, at - open
        open = nil
      end
    elseif byte == 0 then
      open = open or at
    else
      for offset = 0, 7 do
        if bit.band(byte, MASKS[offset + 1]) ~= 0 then
          if open then
            n = n + 1
            starts[n], lengths[n] = open, at + offset - open
            open = nil
          end
        elseif not open and at + offset < seats then
          open = at + offset
        end
      end
    end
  end
  if open then
    n = n + 1
    starts[n], lengths[n] = open, seats - open
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
