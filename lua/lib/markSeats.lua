-- markSeats: gives single seats a status in the bitmaps, and keeps counters and the index of rows true.

-- @include keys
-- @include rowIndex
-- @include rows
-- @include seatChanges

local markedRows = {} -- rows whose seats this call has marked, by name, and their house

-- Sets or clears one bit. Returns by how much the number of bits changed.
local function putBit(key, offset, value)
  if redis.call('GETBIT', key, offset) == value then return 0 end
  redis.call('SETBIT', key, offset, value)
  return value == 1 and 1 or -1
end

-- Gives a seat of an open house, counted from 1, a status. `indexMarkedRows` has to follow. Returns by how much the
-- number of taken seats changed.
local function markSeat(tag, house, zone, row, seat, status)
  local event = house.event
  local rowNamed = rowName(event, zone.number, row)
  if not markedRows[rowNamed] then markedRows[rowNamed] = { house = house, row = readRow(tag, event, zone, row) } end
  local taken = putBit(seatsKey(tag, rowNamed), seat - 1, status == 'AVAILABLE' and 0 or 1)
  local held = putBit(heldKey(tag, rowNamed), seat - 1, status == 'HELD' and 1 or 0)
  local blocked = putBit(blockedKey(tag, rowNamed), seat - 1, status == 'BLOCKED' and 1 or 0)
  if taken ~= 0 then addToCounter(event, 'taken:' .. zone.number, taken) end
  if held ~= 0 then addToCounter(event, 'held:' .. zone.number, held) end
  if blocked ~= 0 then addToCounter(event, 'blocked:' .. zone.number, blocked) end
  if taken ~= 0 or held ~= 0 or blocked ~= 0 then
    recordChange(event, status, zone.number .. '-' .. row .. '-' .. seat)
  end
  return taken
end

-- Indexes the rows whose seats were marked, each once however many of its seats were.
local function indexMarkedRows(tag)
  for rowNamed, marked in pairs(markedRows) do
    local row = marked.row
    local bits = redis.call('GET', seatsKey(tag, rowNamed))
    indexRow(tag, marked.house, row, row.bits, bits .. string.rep('\0', #row.bits - #bits))
  end
  markedRows = {}
end
