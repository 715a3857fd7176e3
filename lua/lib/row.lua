-- row: what the seat scripts know of a row. Included by them, never run alone. It uses their names houseStem, seatsStem,
-- heldStem, blockedStem, fullStem, neatStem, countsStem and changesStem.
--
-- A row is a bitmap, seat 0 first, 1 = taken; two more of its kind say which of the taken seats are held and which are
-- blocked. For the whole house stand beside them the bitmaps `full` 1 to 5: bit R of `full` N is 1 while row R (counted
-- through the house from 0) has no N free seats side by side. BITPOS on them finds the first row that serves a wish at the
-- same cost in an empty house and in one that is nearly full. Where an event avoids single seats, the bitmaps `neat` 1 to 5
-- say the same of choices that leave no single free seat between taken ones.

local MAX_RUN = 5 -- the most seats in one request, MAX_SEATS_PER_REQUEST of the contract
local MASKS = { 128, 64, 32, 16, 8, 4, 2, 1 }

local spelled = {} -- bytes this call has met, as eight digits
local function spell(byte)
  local digits = {}
  for i = 1, 8 do digits[i] = bit.band(byte, MASKS[i]) == 0 and '0' or '1' end
  spelled[byte] = table.concat(digits)
  return spelled[byte]
end

-- The free runs of a row: their starts (from 0) and their lengths. The bitmap is spelled out a byte at a time and searched
-- by the pattern matcher, which is written in C: several times as fast as a loop over seats.
local function freeRuns(bits, seats)
  local bytes = { string.byte(bits, 1, -1) }
  for i = 1, #bytes do bytes[i] = spelled[bytes[i]] or spell(bytes[i]) end
  local row = table.concat(bytes)
  row = #row < seats and row .. string.rep('0', seats - #row) or string.sub(row, 1, seats)
  local starts, lengths, n = {}, {}, 0
  for from, to in string.gmatch(row, '()0+()') do
    n = n + 1
    starts[n], lengths[n] = from - 1, to - from
  end
  return starts, lengths
end

local function longestOf(lengths)
  local longest = 0
  for i = 1, #lengths do
    if lengths[i] > longest then longest = lengths[i] end
  end
  return longest
end

-- Whether taking `count` seats from `from` on, out of the free run of `length` seats at `start`, leaves a single free seat
-- between taken ones. The row's ends are not taken.
local function leavesSingle(start, length, seats, from, count)
  local behind = start + length - from - count
  return (from - start == 1 and start > 0) or (behind == 1 and start + length < seats)
end

-- Whether a row has a neat choice of so many seats, for 1 to MAX_RUN: a run of just that length, one longer by two or more
-- (its edge), or one longer by one at an end of the row.
local function neatChoices(starts, lengths, seats)
  local neat = {}
  for count = 1, MAX_RUN do
    for i = 1, #starts do
      local spare = lengths[i] - count
      if spare == 0 or spare >= 2 or (spare == 1 and (starts[i] == 0 or starts[i] + lengths[i] == seats)) then
        neat[count] = true
        break
      end
    end
  end
  return neat
end

-- Tells the `full` bitmaps that a row's longest free run went from `before` to `after`.
local function indexRow(event, rowIndex, before, after)
  for count = after + 1, math.min(before, MAX_RUN) do
    redis.call('SETBIT', fullStem .. event .. ':' .. count, rowIndex, 1)
  end
  for count = before + 1, math.min(after, MAX_RUN) do
    redis.call('SETBIT', fullStem .. event .. ':' .. count, rowIndex, 0)
  end
end

-- Tells the `neat` bitmaps of a row as it is now.
local function indexNeat(event, rowIndex, starts, lengths, seats)
  local neat = neatChoices(starts, lengths, seats)
  for count = 1, MAX_RUN do
    redis.call('SETBIT', neatStem .. event .. ':' .. count, rowIndex, neat[count] and 0 or 1)
  end
end

local zonesRead = {} -- what this call has read of zones, by event and number
-- A zone of an open house, { number, first, rows, seats } (`first` is the house-wide index of its row 1), or nil.
local function readZone(event, number)
  local zones = zonesRead[event] or {}
  zonesRead[event] = zones
  if zones[number] == nil then
    local text = redis.call('HGET', houseStem .. event, 'z' .. number)
    local first, rows, seats = string.match(text or '', '^(%d+) (%d+) (%d+)$')
    zones[number] = first
        and { number = tonumber(number), first = tonumber(first), rows = tonumber(rows), seats = tonumber(seats) }
      or false
  end
  return zones[number] or nil
end

-- Changes of this call, by event, as who watches is told of them: a status and the labels that have it now, again and again.
local changes = {}
local function noteChange(event, status, labels)
  local ofEvent = changes[event] or {}
  ofEvent[#ofEvent + 1] = status
  ofEvent[#ofEvent + 1] = labels
  changes[event] = ofEvent
end

-- Gives each event's changes the next version of its seats and tells the API nodes that watch the event.
local function publishChanges()
  for event, list in pairs(changes) do
    local version = redis.call('HINCRBY', houseStem .. event, 'version', 1)
    redis.call('PUBLISH', changesStem .. event, version .. ' ' .. table.concat(list, ' '))
  end
end

-- Sets or clears one bit of a bitmap that need not exist. Returns by how much the count of its bits changed.
local function putBit(key, at, value)
  if redis.call('GETBIT', key, at) == value then return 0 end
  redis.call('SETBIT', key, at, value)
  return value == 1 and 1 or -1
end

local countsNow = {} -- seats that this call took, held and blocked more or less, by event and field: counted once at its end
local function count(event, field, seats)
  local fields = countsNow[event] or {}
  fields[field] = (fields[field] or 0) + seats
  countsNow[event] = fields
end

local function settleCounts()
  for event, fields in pairs(countsNow) do
    for field, seats in pairs(fields) do redis.call('HINCRBY', countsStem .. event, field, seats) end
  end
  countsNow = {}
end

local touched = {} -- rows of which this call has marked seats, as they were before

-- Gives one seat a status in the bitmaps. Index and counters follow with settleRows. Returns by how much the number of taken
-- seats changed.
local function markSeat(event, zone, row, seat, status, avoidSingles)
  local number = zone.number
  local place = event .. ':' .. number .. ':' .. row
  if not touched[place] then
    local _, lengths = freeRuns(redis.call('GET', seatsStem .. place) or '', zone.seats)
    local index = zone.first + row - 1
    touched[place] = { event = event, seats = zone.seats, index = index, longest = longestOf(lengths), avoidSingles = avoidSingles }
  end
  local taken = putBit(seatsStem .. place, seat - 1, status == 'AVAILABLE' and 0 or 1)
  local held = putBit(heldStem .. place, seat - 1, status == 'HELD' and 1 or 0)
  local blocked = putBit(blockedStem .. place, seat - 1, status == 'BLOCKED' and 1 or 0)
  if taken ~= 0 then count(event, 'taken:' .. number, taken) end
  if held ~= 0 then count(event, 'held:' .. number, held) end
  if blocked ~= 0 then count(event, 'blocked:' .. number, blocked) end
  if taken ~= 0 or held ~= 0 or blocked ~= 0 then noteChange(event, status, number .. '-' .. row .. '-' .. seat) end
  return taken
end

-- Tells the index of the rows whose seats were marked, each once however many of its seats were.
local function settleRows()
  for place, row in pairs(touched) do
    local starts, lengths = freeRuns(redis.call('GET', seatsStem .. place), row.seats)
    indexRow(row.event, row.index, row.longest, longestOf(lengths))
    if row.avoidSingles then indexNeat(row.event, row.index, starts, lengths, row.seats) end
  end
  touched = {}
end
