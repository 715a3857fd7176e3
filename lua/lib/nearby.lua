-- nearby: what claimSeats names when it refuses, the places near by that still serve a wish. Included by it, never run alone. It
-- uses its names fullStem, neatStem, readZone, zoneOfRow and startInRun.

-- The first row of first..last that still serves so many seats, by an index of rows.
local function firstOpen(stem, house, seats, first, last)
  if first > last then return nil end
  local rowIndex = redis.call('BITPOS', stem .. house.event .. ':' .. seats, 0, first, last, 'BIT')
  return rowIndex >= first and rowIndex <= last and rowIndex or nil
end

-- The last row of first..last whose bit is 0. Redis looks for bits forward only: the bytes are read and looked at from behind.
local function lastOpen(stem, house, seats, first, last)
  if first > last then return nil end
  local bytes = redis.call('GETRANGE', stem .. house.event .. ':' .. seats, math.floor(first / 8), math.floor(last / 8))
  local back = string.reverse(bytes)
  local at, offset = 0, 7 - last % 8 -- the bits of the last byte that lie behind the range do not count
  while true do
    at = string.find(back, '[^\255]', at + 1)
    if not at then return nil end
    local byte = string.byte(back, at)
    local base = (math.floor(last / 8) - at + 1) * 8
    for i = (at == 1 and 8 - offset or 8), 1, -1 do
      if bit.band(byte, MASKS[i]) == 0 then
        local rowIndex = base + i - 1
        return rowIndex >= first and rowIndex or nil
      end
    end
  end
end

-- The row nearest to `rowIndex` in first..last, itself left out, that still serves so many seats: the front one where equal.
local function nearestOpen(stem, house, seats, first, last, rowIndex)
  local before, behind = lastOpen(stem, house, seats, first, rowIndex - 1), firstOpen(stem, house, seats, rowIndex + 1, last)
  if before and behind then return rowIndex - before <= behind - rowIndex and before or behind end
  return before or behind
end

-- The best row of the zone nearest to `zone`, itself left out, that still serves so many seats, and that zone.
local function nearestZone(stem, house, seats, zone)
  local before = lastOpen(stem, house, seats, 0, zone.first - 1)
  local behind = firstOpen(stem, house, seats, zone.first + zone.rows, house.rows - 1)
  local zoneBefore, zoneBehind = before and zoneOfRow(house, before), behind and zoneOfRow(house, behind)
  if zoneBefore and not (zoneBehind and zoneBehind.number - zone.number < zone.number - zoneBefore.number) then
    return firstOpen(stem, house, seats, zoneBefore.first, before), zoneBefore
  end
  return behind, zoneBehind
end

-- What is left near a place where a wish was refused, as " zone:row" each: the closest row of its zone that serves it (where
-- the wish named a row), then the best row of the closest other zone.
local function alternatives(request, zone, row)
  local house, seats = request.house, request.count
  local found = ''
  local stems = house.avoidSingles and { neatStem, fullStem } or { fullStem }
  if row then
    for i = 1, #stems do
      local index = nearestOpen(stems[i], house, seats, zone.first, zone.first + zone.rows - 1, zone.first + row - 1)
      if index then
        found = found .. ' ' .. zone.number .. ':' .. (index - zone.first + 1)
        break
      end
    end
  end
  for i = 1, #stems do
    local index, other = nearestZone(stems[i], house, seats, zone)
    if index then return found .. ' ' .. other.number .. ':' .. (index - other.first + 1) end
  end
  return found
end

-- The run of the same row that is nearest to the requested one, as " zone:row:start", or ''. Where single seats are
-- avoided, a neat one; any where none is left, as exact seats are then allowed.
local function nearestInRow(request, zone, row, starts, lengths)
  local function nearestStart(neat)
    local nearest
    for i = 1, #starts do
      local from = startInRun(starts[i], lengths[i], zone.seats, request.count, 2 * request.start, neat)
      if from and (not nearest or math.abs(from - request.start) < math.abs(nearest - request.start)) then
        nearest = from
      end
    end
    return nearest
  end
  local nearest = nearestStart(request.house.avoidSingles) or (request.house.avoidSingles and nearestStart(false))
  return nearest and (' ' .. zone.number .. ':' .. row .. ':' .. nearest) or ''
end
