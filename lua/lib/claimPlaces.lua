-- claimPlaces: takes places of an area, the first free ones, side by side or not, all or none.

-- @include refuseRun
-- @include rowIndex
-- @include rows
-- @include seatChanges

-- The free places of an area.
local function countFreePlaces(tag, request, zone)
  local field = 'taken:' .. numerals[zone.number]
  local taken = tonumber(redis.call('HGET', countsKey(tag, request.event), field) or 0)
  return zone.capacity - taken - addedToCounter(request.event, field)
end

-- Adds the first free places of a row, up to a number, to a list of runs. Returns how many are left to find.
local function addPlaces(runs, row, most)
  local left, width = most, seatsInRow(row.zone, row.number)
  local digits = digitsOfBits[row.bits]
  local start = firstFree(digits, width, 1, 0)
  while start and left > 0 do
    local behind = find(digits, '1', start + 1, true)
    local seatCount = math.min(left, math.min(behind and behind - 1 or width, width) - start)
    runs[#runs + 1] = { row = row, start = start, seatCount = seatCount }
    left = left - seatCount
    start = firstFree(digits, width, 1, start + seatCount)
  end
  return left
end

-- The first free places of an area, as the runs of a plan; nil where it has too few.
local function planPlaces(tag, request, zone, count)
  local runs, left, from = {}, count, 0
  local index = areaIndex(tag, request.event, zone)
  if countFreePlaces(tag, request, zone) < left then from = zone.rows end
  while left > 0 do
    local rowIndex = firstOpenRow(index, from, zone.rows - 1)
    if not rowIndex then return nil end
    local row = readRow(tag, request.event, zone, rowIndex + 1)
    local before = left
    left = addPlaces(runs, row, left)
    if left == before then setOpen(index, rowIndex, false) end -- the index was behind the row
    from = rowIndex + 1
  end
  return runs
end

-- Returns the labels of the places that the request has now, or nil, a code and its detail.
local function claimPlaces(tag, request, zone)
  local runs = planPlaces(tag, request, zone, request.seatCount)
  if runs then return takeParts(tag, request, runs) end
  return nil, 'SOLD_OUT', heldDetail(countHeld(tag, request.house, zone))
end

-- Takes seats by `takeSeatsOfWish`, and the places of an area besides them, all or none. Returns their labels, or
-- nil, a code and its detail.
local function takeWithPlaces(tag, request, takeSeatsOfWish)
  local area = readZone(tag, request.event, request.places.zone)
  if not (area and area.capacity) then return nil, 'INVALID_REQUEST', '' end
  local places = planPlaces(tag, request, area, request.places.count)
  if not places then return nil, 'SOLD_OUT', heldDetail(countHeld(tag, request.house, area)) end
  local labels, code, detail = takeSeatsOfWish(request)
  return labels and labels .. ' ' .. takeParts(tag, request, places), code, detail
end
