-- rows: the rows of seats that this call has read, each read once and written once.
--
-- A row is { zone =, number = (from 1), rowIndex = (counted through the house from 0; of an area through its zone),
-- key =, bits =, shape = (nil: it is plain), isChanged = }. Changed rows are written together once all requests of the
-- call are decided: one command for many rows costs half as much. A script that fails before has changed no row.

-- @include keys
-- @include freeRuns
-- @include numerals
-- @include rowIndex
-- @include rowShape
-- @include seatChanges
-- @include seatLocks

local rowsByEvent = {} -- rows that this call has read, by a number that is theirs alone
local changedRows = {}

local MOST_ROWS = 2 ^ 20 -- more than an area has

-- The index of a row: of an area's, counted through its zone, since the house does not count it.
local function rowIndexOf(zone, rowNumber) return (zone.capacity and 0 or zone.firstRowIndex) + rowNumber - 1 end

-- The shape of a row; nil where it is plain.
local function readShape(tag, event, zone, rowIndex)
  local text = zone.hasShapes and redis.call('HGET', shapesKey(tag, event), numerals[rowIndex])
  return text and shapes[text] or nil
end

local function nameOfRow(event, row) return rowName(event, numerals[row.zone.number], numerals[row.number]) end

-- Reads a row of an open house.
local function readRow(tag, event, zone, rowNumber)
  local rows = rowsByEvent[event]
  if not rows then
    rows = {}
    rowsByEvent[event] = rows
  end
  local rowIndex = (zone.capacity and 0 or zone.firstRowIndex) + rowNumber - 1
  local at = zone.capacity and -(zone.number * MOST_ROWS + rowNumber) or rowIndex
  local row = rows[at]
  if not row then
    local key = seatsKey(tag, rowName(event, numerals[zone.number], numerals[rowNumber]))
    local bits = redis.call('GET', key) or ''
    if #bits * 8 < zone.seatsPerRow then bits = bits .. string.rep('\0', math.ceil(zone.seatsPerRow / 8) - #bits) end
    local shape = readShape(tag, event, zone, rowIndex)
    row = { zone = zone, number = rowNumber, rowIndex = rowIndex, key = key, bits = bits, shape = shape }
    rows[at] = row
  end
  return row
end

-- Takes free seats of a row for a request, which holds or buys them. Keeps the counters and the index of rows true.
-- `start`: the first seat, from 0.
local function takeSeats(tag, request, row, start, seatCount)
  local house, event, zoneNumber = request.house, request.event, numerals[row.zone.number]
  local bitsBefore = row.bits
  row.bits = withTaken(bitsBefore, start, seatCount)
  if not row.isChanged then
    row.isChanged = true
    changedRows[#changedRows + 1] = row
  end
  addToCounter(event, 'taken:' .. zoneNumber, seatCount)
  indexTakenSeats(tag, house, row, bitsBefore, start, start + seatCount - 1)
  if request.hold then
    local name, width, ones = nameOfRow(event, row), 'u' .. numerals[seatCount], numerals[2 ^ seatCount - 1]
    lockRun(lockStem(tag, name), start + 1, start + seatCount, request.ticketId, house.lockMs)
    redis.call('BITFIELD', heldKey(tag, name), 'SET', width, numerals[start], ones) -- all bits by one command
    addToCounter(event, 'held:' .. zoneNumber, seatCount)
  end
end

-- Writes the rows that this call has changed.
local function writeRows()
  if #changedRows == 0 then return end
  local values = {}
  for i = 1, #changedRows do
    local row = changedRows[i]
    values[2 * i - 1], values[2 * i] = row.key, row.bits
  end
  redis.call('MSET', unpack(values))
end
