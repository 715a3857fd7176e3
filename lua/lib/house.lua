-- house: the rules of an open house that the index of rows depends on.

-- @include keys
-- @constants DEFAULT_MAX_SEATS

local RULES = { 'generation', 'avoidSingles', 'maxSeats', 'tiers', 'kept' }

local hasTiers = {} -- whether the houses that this call has read have several tiers, by event

-- A house by the values of the fields in RULES; nil where it is not open. `hasTiers`: whether it has several tiers.
-- `isKept`: whether accessible seats and companions' are kept. One that the version before opened lacks the last three.
local function houseOf(event, values)
  if not values[1] then return nil end
  hasTiers[event] = (values[4] or '') ~= ''
  return {
    event = event,
    generation = values[1],
    avoidSingles = values[2] == '1',
    maxSeats = tonumber(values[3] or nil) or DEFAULT_MAX_SEATS,
    hasTiers = hasTiers[event],
    isKept = values[5] == '1',
    indexes = {}, -- by kind of run (lib/rowIndex.lua)
  }
end

-- Reads an open house, and the values of more fields. Returns nil where it is not open.
local function readOpenHouse(tag, event, ...)
  local fields = { unpack(RULES) }
  for _, name in ipairs({ ... }) do fields[#fields + 1] = name end
  local values = redis.call('HMGET', houseKey(tag, event), unpack(fields))
  return houseOf(event, values), unpack(values, #RULES + 1)
end
