-- chooseRun: chooses seats side by side in a row that is spelled as digits. It reads no keys.

-- @include freeRuns

-- The length of the free run that has a seat. `reversed` are the digits read backwards.
local function runLength(digits, reversed, seatsPerRow, seat)
  local behind, before = find(digits, '[12]', seat + 1), find(reversed, '[12]', #digits - seat)
  return (behind and behind - 1 or seatsPerRow) - (before and #digits - before + 1 or 0)
end

-- The first seat of the `seatCount` free ones side by side that are nearest to half of `twiceWanted`, or nil. Of two
-- equally near choices it is the one in the shorter free run with `prefersShortRun`, and the left one otherwise.
local function nearestStart(digits, seatsPerRow, seatCount, twiceWanted, prefersShortRun)
  local wanted = (twiceWanted - twiceWanted % 2) / 2
  local right = firstFree(digits, seatsPerRow, seatCount, wanted)
  if right == wanted then return right end
  -- A choice on the left that begins at `mirrored` is as near as the right one.
  local mirrored = right and twiceWanted - right or -1
  local left = firstFree(digits, seatsPerRow, seatCount, math.max(mirrored, 0))
  if not left or left > wanted then return right end
  -- The last choice on the left is the first one of the row read backwards.
  local reversed, behind = string.reverse(digits), #digits - seatCount
  local last = math.min(wanted, seatsPerRow - seatCount)
  left = behind + 1 - find(reversed, freeSeats[seatCount], behind - last + 1, true)
  local isRightBetter = left == mirrored
    and prefersShortRun
    and runLength(digits, reversed, seatsPerRow, right) < runLength(digits, reversed, seatsPerRow, left)
  return isRightBetter and right or left
end

-- The start inside one free run that is nearest to half of `twiceWanted`, the left one where equal, among those that
-- leave no single seat, or nil.
local function neatStartInRun(digits, start, length, seatCount, twiceWanted)
  local first, last = start, start + length - seatCount
  if first > last then return nil end
  local nearest = math.min(math.max(math.floor(twiceWanted / 2), first), last)
  -- Only two starts of a run leave a single seat: one within three steps does not, or none does.
  local best
  for candidate = math.max(nearest - 3, first), math.min(nearest + 3, last) do
    local isNearer = not best or math.abs(2 * candidate - twiceWanted) < math.abs(2 * best - twiceWanted)
    if isNearer and not leavesSingle(digits, candidate, seatCount) then best = candidate end
  end
  return best
end

-- The same as `nearestStart` among the starts that leave no single seat.
local function nearestNeatStart(digits, seatsPerRow, seatCount, twiceWanted, prefersShortRun)
  local nearest = nearestStart(digits, seatsPerRow, seatCount, twiceWanted, prefersShortRun)
  if not nearest or not leavesSingle(digits, nearest, seatCount) then return nearest end
  local best, bestDistance, bestLength
  local starts, lengths = freeRuns(digits, seatsPerRow)
  for run = 1, #starts do
    local start, length = neatStartInRun(digits, starts[run], lengths[run], seatCount, twiceWanted), lengths[run]
    if start then
      local distance = math.abs(2 * start - twiceWanted)
      local isTighter = prefersShortRun and distance == bestDistance and length < bestLength
      if not best or distance < bestDistance or isTighter then
        best, bestDistance, bestLength = start, distance, length
      end
    end
  end
  return best
end

-- The first seat of the best `seatCount` side by side, or nil: nearest to the row's middle, in the shortest run where
-- equal, then the left one; with `avoidSingles` among those that leave no single seat.
local function bestStart(digits, seatsPerRow, seatCount, avoidSingles)
  local nearest = avoidSingles and nearestNeatStart or nearestStart
  return nearest(digits, seatsPerRow, seatCount, seatsPerRow - seatCount, true)
end
