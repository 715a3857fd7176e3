-- rowShape: spells rows as the digits that runs are searched in (lib/freeRuns.lua), and leads from a place back to its
-- seat. A plain row has a place for each seat. Others have a shape: gaps, seats of other tiers, seats that are kept for
-- people who need them (docs/architecture/houses.md). Seats and places count from 0 here, the lists of a shape from 1.

-- @include freeRuns

local GAP = '2'

-- The shapes of this call by their text: many rows are alike.
local shapes = setmetatable({}, {
  __index = function(known, text)
    local shape = cjson.decode(text)
    shape.views, shape.isAccessible, shape.companionOf, shape.isGapAfter = {}, {}, {}, {}
    for _, seat in ipairs(shape.accessible) do shape.isAccessible[seat] = true end
    for _, pair in ipairs(shape.companions) do shape.companionOf[pair[1]] = pair[2] end
    for _, seat in ipairs(shape.gaps) do shape.isGapAfter[seat] = true end
    shape.hasAccessible = #shape.accessible > 0
    known[text] = shape
    return shape
  end,
})

-- The tier of a seat, counted from 1, in a row of a zone.
local function tierOfSeat(shape, zone, seat)
  for _, range in ipairs(shape and shape.tiers or {}) do
    if range[1] <= seat and seat <= range[2] then return range[3] end
  end
  return zone.tier
end

-- The tiers of a row's seats, each once.
local function tiersOfRow(row)
  local shape, tiers, known = row.shape, {}, {}
  if not shape or #shape.tiers == 0 then return { row.zone.tier } end
  for seat = 1, shape.seats do
    local tier = tierOfSeat(shape, row.zone, seat)
    if not known[tier] then
      known[tier] = true
      tiers[#tiers + 1] = tier
    end
  end
  return tiers
end

-- How a row is spelled for requests of a tier (nil: of any), with or without the kept seats: a list of texts, and of
-- the first and last of seats whose digits stand there.
local function viewOf(shape, zone, tier, isKept)
  local name = (zone.tier or 0) .. ' ' .. (tier or 0) .. (isKept and ' kept' or '')
  if shape.views[name] then return shape.views[name] end
  local view, first = {}, 1
  local function put(text, behind)
    if first < behind then view[#view + 1] = { first, behind - 1 } end
    view[#view + 1] = text
  end
  for seat = 1, shape.seats do
    local isForOthers = isKept and (shape.isAccessible[seat] or shape.companionOf[seat])
    if isForOthers or (tier and tierOfSeat(shape, zone, seat) ~= tier) then
      put(GAP, seat)
      first = seat + 1
    end
    if shape.isGapAfter[seat] then
      put(GAP, seat + 1)
      first = seat + 1
    end
  end
  put('', shape.seats + 1)
  shape.views[name] = view
  return view
end

-- The digits of a row whose taken seats are `bits`, for requests of a tier (nil: of any), and the number of its places.
-- `isKept`: kept seats are not theirs.
local function spellRow(row, bits, tier, isKept)
  local shape, zone = row.shape, row.zone
  if not shape then
    if tier and tier ~= zone.tier then return string.rep(GAP, zone.seatsPerRow), zone.seatsPerRow end
    return digitsOfBits[bits], zone.seatsPerRow
  end
  local digits, parts = digitsOfBits[bits], {}
  local view = viewOf(shape, zone, tier, isKept)
  for i = 1, #view do
    local part = view[i]
    parts[i] = type(part) == 'table' and sub(digits, part[1], part[2]) or part
  end
  return table.concat(parts), shape.seats + #shape.gaps
end

-- The seat at a place that has one.
local function seatAt(shape, place)
  if not shape then return place end
  local seat = place
  for i, gapAfter in ipairs(shape.gaps) do
    if gapAfter + i - 1 < place then seat = seat - 1 end
  end
  return seat
end

-- The place of a seat.
local function placeOf(shape, seat)
  if not shape then return seat end
  local place = seat
  for _, gapAfter in ipairs(shape.gaps) do
    if gapAfter <= seat then place = place + 1 end
  end
  return place
end

-- The number of seats of a row, counted from 1, of a zone.
local function seatsInRow(zone, rowNumber, shape)
  if zone.capacity then return math.min(zone.seatsPerRow, zone.capacity - zone.seatsPerRow * (rowNumber - 1)) end
  return shape and shape.seats or zone.seatsPerRow
end
