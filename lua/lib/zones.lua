-- zones: reads the zones of open houses.

-- @include house
-- @include keys
-- @include numerals

local zonesByEvent = {} -- zones that this call has read, by number; false where there is none

-- A zone by its two fields of the house: "<first row> <rows> <seats of a row>", with " shaped" behind where some of its
-- rows have a shape and " area <capacity>" where it is an area; and its tier. The version before knows only the first
-- form, and no tiers.
local function parseZone(number, text, tier)
  local firstRowIndex, rows, seatsPerRow, more = string.match(text or '', '^(%d+) (%d+) (%d+)(.*)$')
  if not firstRowIndex then return false end
  return {
    number = number,
    firstRowIndex = tonumber(firstRowIndex),
    rows = numberOf[rows],
    seatsPerRow = numberOf[seatsPerRow],
    tier = tonumber(tier or nil),
    hasShapes = more == ' shaped',
    capacity = more ~= '' and tonumber(string.match(more, '^ area (%d+)$')) or nil,
  }
end

-- A zone of an open house, or nil: { number, firstRowIndex (of its row 1, counted through the house from 0), rows,
-- seatsPerRow (of the widest), tier, hasShapes, capacity (of an area, whose rows the house does not count) }.
local function readZone(tag, event, zoneNumber)
  local zones = zonesByEvent[event]
  if not zones then
    zones = {}
    zonesByEvent[event] = zones
  end
  if zones[zoneNumber] == nil then
    local name, key = numerals[zoneNumber], houseKey(tag, event)
    local tier = hasTiers[event] and redis.call('HGET', key, 't' .. name)
    zones[zoneNumber] = parseZone(tonumber(zoneNumber), redis.call('HGET', key, 'z' .. name), tier)
  end
  return zones[zoneNumber] or nil
end

-- The last row of a zone, counted through the house.
local function lastRowIndex(zone) return zone.firstRowIndex + zone.rows - 1 end

-- The zone that has a row of the house, counted from 0. Rows are counted in the order of zone numbers. The first guess
-- is right where all zones have as many rows.
local function zoneOfRow(tag, event, zoneCount, rowCount, rowIndex)
  local low, high = 1, zoneCount
  local guess = 1 + math.floor(rowIndex * zoneCount / rowCount)
  while low < high do
    local zone = readZone(tag, event, guess)
    if rowIndex < zone.firstRowIndex then
      high = guess - 1
    elseif zone.capacity or rowIndex >= zone.firstRowIndex + zone.rows then
      low = guess + 1
    else
      return zone
    end
    guess = math.floor((low + high) / 2)
  end
  return readZone(tag, event, low)
end
