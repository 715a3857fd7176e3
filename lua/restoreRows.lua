-- restoreRows: writes rows of a zone as PostgreSQL has them, and the seats of claims under way: shapes, bits, locks,
-- counters, index. It does nothing where the house is open.
-- KEYS[1]  tag         the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  house       the values of the fields that lib/house.lua reads, as a JSON array
-- ARGV[3]  zone        { number, text, tier, shapes } as JSON: as lib/zones.lua reads them, and the shapes of the rows
--                      to write by their number, where they are not plain
-- ARGV[4]  from        integer, the first row to write; 1 sets the zone's counters to 0 before
-- ARGV[5]  to          integer, the last row to write
-- ARGV[6]  holdLockMs  integer, milliseconds that the lock of a held seat lasts
-- ARGV[7..] the fields of each taken seat; of a seat that comes twice the last ones count
-- RETURNS  1, or 0 if the house is open
-- COST     O(seats of these rows), and O(seats x seats of a request) for rows with accessible seats
local tag, event, from, to, holdLockMs = KEYS[1], ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

-- @include keys
-- @include house
-- @include rowIndex
-- @include rows
-- @include zones

local house, zoneFields = houseOf(event, cjson.decode(ARGV[2])), cjson.decode(ARGV[3])
local zone = parseZone(zoneFields.number, zoneFields.text, zoneFields.tier)
local zoneNumber, seatsPerRow = zone.number, zone.seatsPerRow

if redis.call('EXISTS', houseKey(tag, event)) == 1 then return 0 end

local function readOwners()
  local ownersByRow = {}
  for row = from, to do ownersByRow[row] = {} end
  for at = 7, #ARGV, FIELDS.COUNT do
    local row, seat = tonumber(ARGV[at + FIELDS.row]), tonumber(ARGV[at + FIELDS.seat])
    ownersByRow[row][seat] = { id = ARGV[at + FIELDS.ticketId], status = ARGV[at + FIELDS.status] }
  end
  return ownersByRow
end

-- A bitmap of a row: its bytes, and how many bits are set.
local function emptyBitmap()
  local bitmap = { bits = 0 }
  for byte = 1, math.ceil(seatsPerRow / 8) do bitmap[byte] = 0 end
  return bitmap
end

local function setSeat(bitmap, seat)
  local byte = math.ceil(seat / 8)
  bitmap[byte] = bitmap[byte] + MASKS[(seat - 1) % 8 + 1]
  bitmap.bits = bitmap.bits + 1
end

-- Writes a bitmap, or deletes it where no bit is set: few rows have held or blocked seats.
local function writeBitmap(key, bitmap)
  if bitmap.bits == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, string.char(unpack(bitmap)))
  end
end

-- Writes the locks of a row's held seats, and deletes those that are left of all others.
local function writeLocks(stem, owners)
  local oldLocks = {}
  for seat = 1, seatsPerRow do
    local owner = owners[seat]
    if owner and owner.status == 'HELD' then
      redis.call('SET', stem .. seat, owner.id, 'PX', holdLockMs)
    else
      oldLocks[#oldLocks + 1] = stem .. seat
    end
  end
  if #oldLocks > 0 then redis.call('DEL', unpack(oldLocks)) end
end

-- The row as lib/rows.lua describes it, with its shape written where it has one.
local function shapedRow(row)
  local rowIndex, text = rowIndexOf(zone, row), zoneFields.shapes[tostring(row)]
  if text then redis.call('HSET', shapesKey(tag, event), rowIndex, text) end
  return { zone = zone, rowIndex = rowIndex, shape = text and shapes[text] or nil }
end

local total = { taken = 0, held = 0, blocked = 0 }

local function restoreRow(row, owners)
  local rowNamed = rowName(event, zoneNumber, row)
  local taken, held, blocked = emptyBitmap(), emptyBitmap(), emptyBitmap()
  for seat, owner in pairs(owners) do
    if owner.status == 'CLAIMED' then -- only Redis knows whether it is to be held
      owner.status = redis.call('GETBIT', heldKey(tag, rowNamed), seat - 1) == 1 and 'HELD' or 'SOLD'
    end
    setSeat(taken, seat)
    if owner.status == 'HELD' then setSeat(held, seat) end
    if owner.status == 'BLOCKED' then setSeat(blocked, seat) end
  end
  writeLocks(lockStem(tag, rowNamed), owners)
  local bits = string.char(unpack(taken))
  redis.call('SET', seatsKey(tag, rowNamed), bits)
  writeBitmap(heldKey(tag, rowNamed), held)
  writeBitmap(blockedKey(tag, rowNamed), blocked)
  writeIndex(tag, house, shapedRow(row), bits)
  total.taken = total.taken + taken.bits
  total.held = total.held + held.bits
  total.blocked = total.blocked + blocked.bits
end

local ownersByRow = readOwners()
for row = from, to do restoreRow(row, ownersByRow[row]) end
local counts = countsKey(tag, event)
for name, bits in pairs(total) do
  local field = name .. ':' .. zoneNumber
  if from == 1 then redis.call('HSET', counts, field, 0) end
  redis.call('HINCRBY', counts, field, bits)
end
return 1
