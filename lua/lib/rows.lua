-- rows: the rows of seats that this call has read, each read once and written once.
--
-- A row is { zone =, rowIndex = (counted through the house from 0), key =, bits =, isChanged = }. Changed rows are
-- written together once all requests of the call are decided: one command for many rows costs half as much. A script
-- that fails before has changed no row.

-- @include keys
-- @include freeRuns
-- @include numerals
-- @include rowIndex
-- @include seatChanges
-- @include seatLocks

local rowsByEvent = {} -- rows that this call has read, by their index
local changedRows = {}

local function rowNumberOf(row) return row.rowIndex - row.zone.firstRowIndex + 1 end

local function nameOfRow(event, row) return rowName(event, numerals[row.zone.number], numerals[rowNumberOf(row)]) end

-- Reads a row of an open house.
local function readRow(tag, event, zone, rowNumber)
  local rows = rowsByEvent[event]
  if not rows then
    rows = {}
    rowsByEvent[event] = rows
  end
  local rowIndex = zone.firstRowIndex + rowNumber - 1
  local row = rows[rowIndex]
  if not row then
    local key = seatsKey(tag, rowName(event, numerals[zone.number], numerals[rowNumber]))
    local bits = redis.call('GET', key) or ''
    if #bits * 8 < zone.seatsPerRow then bits = bits .. string.rep('\0', math.ceil(zone.seatsPerRow / 8) - #bits) end
    row = { zone = zone, rowIndex = rowIndex, key = key, bits = bits, isChanged = false }
    rows[rowIndex] = row
  end
  return row
end

-- Takes free seats of a row for a request, which holds or buys them. Keeps the counters and the index of rows true.
-- `digits` spells the row as it was.
local function takeSeats(tag, request, row, digits, start, seatCount)
  local house, event, zoneNumber = request.house, request.event, numerals[row.zone.number]
  row.bits = withTaken(row.bits, start, seatCount)
  if not row.isChanged then
    row.isChanged = true
    changedRows[#changedRows + 1] = row
  end
  addToCounter(event, 'taken:' .. zoneNumber, seatCount)
  indexTakenSeats(tag, house, row, digits, start, start + seatCount - 1)
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
