-- chooseRun: chooses seats side by side among the free runs of a row. It reads no keys.

-- @include freeRuns

-- The first seat of `seatCount` side by side inside a free run, nearest to half of `twiceWanted`, the left one where
-- equal; with `avoidSingles` among those that leave no single seat. Nil where there is none.
local function startInRun(start, length, seatsPerRow, seatCount, twiceWanted, avoidSingles)
  local first, last = start, start + length - seatCount
  if first > last then return nil end
  local nearest = math.min(math.max(math.floor(twiceWanted / 2), first), last)
  if not avoidSingles or not leavesSingle(start, length, seatsPerRow, nearest, seatCount) then return nearest end
  -- Only two starts of a run leave a single seat: one within three steps does not, or none does.
  local best
  for candidate = math.max(nearest - 3, first), math.min(nearest + 3, last) do
    local isNearer = not best or math.abs(2 * candidate - twiceWanted) < math.abs(2 * best - twiceWanted)
    if isNearer and not leavesSingle(start, length, seatsPerRow, candidate, seatCount) then best = candidate end
  end
  return best
end

-- The first seat of the best `seatCount` side by side, and the number of their free run, or nil: nearest to the row's
-- middle, in the shortest run where equal, then the left one; with `avoidSingles` among those that leave no single
-- seat.
local function bestStart(starts, lengths, seatsPerRow, seatCount, avoidSingles)
  local best, bestRun, bestDistance, bestLength
  for run = 1, #starts do
    local start =
      startInRun(starts[run], lengths[run], seatsPerRow, seatCount, seatsPerRow - seatCount, avoidSingles)
    if start then
      local distance, length = math.abs(2 * start + seatCount - seatsPerRow), lengths[run]
      if not best or distance < bestDistance or (distance == bestDistance and length < bestLength) then
        best, bestRun, bestDistance, bestLength = start, run, distance, length
      end
    end
  end
  return best, bestRun
end

-- The first seat of `seatCount` side by side that is nearest to `wanted`, or nil.
local function nearestStart(starts, lengths, seatsPerRow, seatCount, wanted, avoidSingles)
  local nearest
  for run = 1, #starts do
    local start = startInRun(starts[run], lengths[run], seatsPerRow, seatCount, 2 * wanted, avoidSingles)
    if start and (not nearest or math.abs(start - wanted) < math.abs(nearest - wanted)) then nearest = start end
  end
  return nearest
end

-- The number of the free run that holds all `seatCount` seats from `start` on, or nil.
local function runAround(starts, lengths, start, seatCount)
  for run = 1, #starts do
    if starts[run] <= start and start + seatCount <= starts[run] + lengths[run] then return run end
  end
  return nil
end

-- The longest free run once `seatCount` seats from `start` on are taken out of a run.
local function longestWithout(starts, lengths, run, start, seatCount)
  local longest = math.max(start - starts[run], starts[run] + lengths[run] - start - seatCount)
  for other = 1, #lengths do
    if other ~= run and lengths[other] > longest then longest = lengths[other] end
  end
  return longest
end
