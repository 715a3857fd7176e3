-- zones: reads the zones of open houses.

-- @include keys
-- @include numerals

local zonesByEvent = {} -- zones that this call has read, by number; false where there is none

-- A zone of an open house, or nil: { number, firstRowIndex (of its row 1, counted through the house from 0), rows,
-- seatsPerRow }.
local function readZone(tag, event, zoneNumber)
  local zones = zonesByEvent[event]
  if not zones then
    zones = {}
    zonesByEvent[event] = zones
  end
  if zones[zoneNumber] == nil then
    local text = redis.call('HGET', houseKey(tag, event), 'z' .. numerals[zoneNumber])
    local firstRowIndex, rows, seatsPerRow = string.match(text or '', '^(%d+) (%d+) (%d+)$')
    zones[zoneNumber] = firstRowIndex
        and {
          number = tonumber(zoneNumber),
          firstRowIndex = tonumber(firstRowIndex),
          rows = numberOf[rows],
          seatsPerRow = numberOf[seatsPerRow],
        }
      or false
  end
  return zones[zoneNumber] or nil
end

-- The zone that has a row of the house, counted from 0. Rows are counted in the order of zone numbers. The first guess
-- is right where all zones have as many rows.
local function zoneOfRow(tag, event, zoneCount, rowCount, rowIndex)
  local low, high = 1, zoneCount
  local guess = 1 + math.floor(rowIndex * zoneCount / rowCount)
  while low < high do
    local zone = readZone(tag, event, guess)
    if rowIndex < zone.firstRowIndex then
      high = guess - 1
    elseif rowIndex >= zone.firstRowIndex + zone.rows then
      low = guess + 1
    else
      return zone
    end
    guess = math.floor((low + high) / 2)
  end
  return readZone(tag, event, low)
end
