-- claimSeats: takes seats for a batch of requests, all or none for each. A ticket that was decided keeps its decision.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1..] the fields of each request
-- RETURNS  for each request, in order: "GOT <generation> <label>...", "NOT <generation> <code>" and the code's detail
--          (the milliseconds of NOT_ON_SALE and HOLD_COOLDOWN; the held seats of SOLD_OUT where there are any;
--          "zone:row", "zone:row:start" or "zone:row:start:seats" of alternatives; "s:zone:row:start:seats" of each run
--          of a group that has to be split), "SETTLED" where the ticket has its outcome, or "REBUILD" where the house,
--          or the line of the admission, is not in Redis
-- COST     O(requests x wishes x seats in a row / 8), and O(zones) once for each event that is sold out
local ARGV, redis, tonumber = ARGV, redis, tonumber -- a local costs less than a protected global
local tag = KEYS[1]

-- @constants LOCK_GRACE_MS
-- @include keys
-- @include clock
-- @include admission
-- @include buyerSeats
-- @include claimRun
-- @include house
-- @include rowIndex
-- @include rows
-- @include seatChanges
-- @include tickets
-- @include zones

local GOT_BYTE, BRACKET_BYTE = 71, 91 -- 'G' and '['
local LOST_TTL_SEC = 86400

-- The request that is decided now. One table serves all: a new one for each would cost as much as a command.
local request = {}

local function readRequest(at)
  request.ticketId = ARGV[at + FIELDS.ticketId]
  request.event = ARGV[at + FIELDS.event]
  request.zone = numberOf[ARGV[at + FIELDS.zone]]
  request.row = numberOf[ARGV[at + FIELDS.row]]
  request.start = numberOf[ARGV[at + FIELDS.start]]
  request.seatCount = numberOf[ARGV[at + FIELDS.seatCount]]
  request.total = request.seatCount
  request.user = ARGV[at + FIELDS.user]
  local options = ARGV[at + FIELDS.options]
  local hold, admission, seats
  if options ~= '' then hold, admission, seats = string.match(options, '^(%d) (%S+) (.*)$') end
  if request.wishes then
    request.tiers, request.accessible, request.split, request.places = nil, nil, nil, nil
  end
  local hasWishes = seats and string.byte(seats, 1) == BRACKET_BYTE
  request.hold, request.wishes = hold == '1', hasWishes and cjson.decode(seats) or nil
  request.labels = not hasWishes and seats ~= '' and seats or nil
  request.admission = admission ~= '-' and admission or nil
  request.claimsBefore, request.lapsesKey = nil, nil
end

-- Makes the request ask for one of its wishes.
local function readWish(wish)
  request.zone, request.row, request.start, request.seatCount = wish.zone, wish.row, wish.start, wish.count
  request.labels = wish.labels ~= '' and wish.labels or nil
  request.tiers, request.accessible, request.split = wish.tiers, wish.accessible, wish.split
  request.places, request.total = wish.places, wish.count + (wish.places and wish.places.count or 0)
end

local function parseHouse(event)
  local house, zones, rows, holdMs, seatLimit, onSaleMs, paused, endsMs, keptUntilMs = readOpenHouse(
    tag, event, 'zones', 'rows', 'holdMs', 'seatLimit', 'onSaleMs', 'paused', 'endsMs', 'keptUntilMs'
  )
  if not house or not holdMs then return false end
  -- The index has no accessible seats yet, although they are for all from now on: the house has to be restored.
  keptUntilMs = tonumber(keptUntilMs or nil) or 0
  if house.isKept and keptUntilMs > 0 and clockMs() >= keptUntilMs then return false end
  house.zoneCount = tonumber(zones)
  house.rowCount = tonumber(rows)
  house.lockMs = tonumber(holdMs) + LOCK_GRACE_MS
  house.seatLimit = tonumber(seatLimit)
  house.onSaleMs = tonumber(onSaleMs)
  house.isPaused = paused == '1'
  house.endsMs = tonumber(endsMs or nil) or 0 -- a house that the version before opened has none
  house.heldSeats = {} -- by zone number, 0 for all zones: read when first needed
  return house
end

local houses = {} -- that this call has read, by event; false where the house is not open
local function readHouse(event)
  if houses[event] == nil then houses[event] = parseHouse(event) end
  return houses[event]
end

-- Whether the admission of a request is valid: its line stands, it had not ended when the request was accepted, and it
-- has uses left. An admission of a ticket that Redis has lost is judged now.
local function isAdmitted(request)
  if not isOfLine(tag, request.event, request.admission) then return false end
  if not request.isAdmissionJudged and clockMs() >= endOfAdmission(request.admission) then return false end
  return hasUsesLeft(tag, request.event, request.admission)
end

-- Judges what a request may do, before its seats are chosen. Returns a code and its detail where it is refused. Notes
-- in the request what has to be remembered once it gets seats.
local function refusalOf(request)
  local house, user = request.house, request.user
  if request.total > house.maxSeats then return 'INVALID_REQUEST', '' end
  if request.admission and not isAdmitted(request) then return 'ADMISSION_INVALID', '' end
  if house.endsMs > 0 and clockMs() >= house.endsMs then return 'EVENT_ENDED', '' end
  if house.isPaused then return 'SALES_PAUSED', '' end
  if house.onSaleMs > 0 and clockMs() < house.onSaleMs then
    return 'NOT_ON_SALE', ' ' .. string.format('%.0f', house.onSaleMs)
  end
  if house.seatLimit > 0 then
    if user == '' then return 'BUYER_REQUIRED', '' end
    request.claimsBefore = redis.call('HGET', buyersKey(tag, house.event), user) or ''
    if countBuyerSeats(request.claimsBefore) + request.total > house.seatLimit then return 'SEAT_LIMIT', '' end
  end
  if request.hold and user ~= '' then
    local key = lapsesKey(tag, house.event, house.generation, user)
    local untilMs = tonumber(redis.call('HGET', key, 'untilMs') or nil)
    if untilMs and clockMs() < untilMs then return 'HOLD_COOLDOWN', ' ' .. string.format('%.0f', untilMs) end
    request.lapsesKey = untilMs and key
  end
  return nil
end

-- Remembers seats that a request got: for its buyer's limit, for its buyer's lapses, and as a use of its admission.
local function rememberSeats(request)
  local event, seatCount = request.event, request.total
  if request.claimsBefore then
    local claims = request.claimsBefore .. ' ' .. request.ticketId .. ':' .. seatCount
    redis.call('HSET', buyersKey(tag, event), request.user, claims)
  end
  if request.lapsesKey then redis.call('HSET', request.lapsesKey, 'held', 1) end
  if request.admission then countUse(tag, event, request.admission, request.ticketId, seatCount, 1) end
end

-- Makes the functions that few calls need. A function costs half as much to make as a Redis call, for each call of the
-- script.
local function makeRareFunctions()
-- @include refuseRun
-- @include claimAccessible
-- @include claimLabels
-- @include claimPlaces
  return {
    refuseRun = refuseRun,
    claimAccessible = claimAccessible,
    claimLabels = claimLabels,
    claimPlaces = claimPlaces,
    takeWithPlaces = takeWithPlaces,
  }
end

local rareFunctions -- once one of them was needed
local function rarely(name)
  rareFunctions = rareFunctions or makeRareFunctions()
  return rareFunctions[name]
end

-- Takes the seats that a request asks for, without the places besides them. Returns their labels, or nil, a code and
-- its detail.
local function takeSeatsOfWish(request)
  if request.labels then return rarely('claimLabels')(tag, request, request.labels) end
  local zone
  if request.zone > 0 then
    zone = readZone(tag, request.event, request.zone)
    if not zone then return nil, 'INVALID_REQUEST', '' end
    if request.start >= 0 and (zone.capacity or zone.hasShapes or request.accessible) then
      local labels = labelsOfRun({ zone = zone, number = request.row }, request.start, request.seatCount)
      return rarely('claimLabels')(tag, request, labels)
    end
    if zone.capacity then return rarely('claimPlaces')(tag, request, zone) end
  end
  if request.accessible then return rarely('claimAccessible')(tag, request) end
  local labels, code = claimRun(tag, request, zone)
  if labels then return labels end
  return rarely('refuseRun')(tag, request, zone, code)
end

-- Takes the seats that a request asks for, and the places of an area besides them, all or none. Returns their labels,
-- or nil, a code and its detail.
local function takeWish(request)
  local code, detail = refusalOf(request)
  if code then return nil, code, detail end
  if request.places then return rarely('takeWithPlaces')(tag, request, takeSeatsOfWish) end
  return takeSeatsOfWish(request)
end

-- Takes the seats of the first wish of a request that can be had. Returns their labels, or nil, and why the first one
-- cannot: a code and its detail.
local function takeBestWish(request)
  if not request.wishes then return takeWish(request) end
  local firstCode, firstDetail
  for _, wish in ipairs(request.wishes) do
    readWish(wish)
    local labels, code, detail = takeWish(request)
    if labels then return labels end
    if not firstCode then
      firstCode, firstDetail = code, detail
    end
  end
  return nil, firstCode, firstDetail
end

-- Decides a request of an open house. Returns the decision as text.
local function decide(request)
  local generation = request.house.generation
  local labels, code, detail = takeBestWish(request)
  if not labels then return 'NOT ' .. generation .. ' ' .. code .. (detail or '') end
  rememberSeats(request)
  return 'GOT ' .. generation .. ' ' .. labels
end

-- The decision that a ticket has in this generation of the house; nil where it needs a new one.
local function decisionIn(state, house)
  if isSettled(state) then return 'SETTLED' end
  return house and string.match(state, '^%u+ (%d+) ') == house.generation and state or nil
end

-- Whether a request names the tiers and prices of another house than this one.
local function isOutdated(request, house)
  if not request.wishes then return false end
  for _, wish in ipairs(request.wishes) do
    if wish.generation and wish.generation ~= house.generation then return true end
  end
  return false
end

-- The decision of a request: the one that its ticket has, or a new one, which its ticket keeps. A ticket that Redis has
-- lost is recorded again.
local function decisionOf(request, heads, states, decided)
  local id, event, house = request.ticketId, request.event, readHouse(request.event)
  local state = states[id]
  local decision = state and state ~= '' and decisionIn(state, house)
  if decision then return decision end
  if not house then return 'REBUILD' end
  if isOutdated(request, house) then return 'REBUILD' end
  request.house = house
  request.isAdmissionJudged = state ~= nil -- by acceptance
  if request.admission and isOfLine(tag, event, request.admission) == nil then return 'REBUILD' end
  if not state then
    heads[id] = '- book ' .. event .. ' ' .. (request.user == '' and '-' or request.user) .. ' -|'
  end
  decision = decide(request)
  states[id], decided[id] = decision, event
  return decision
end

-- Writes the decisions of a group, and notes its batch where seats were claimed: reconcile must not free them.
local function writeGroup(group, decided, heads, states)
  local key = batchKey(tag, group.batch)
  local written, length, hasClaim = {}, 0, false
  for i = 1, #group.ids do
    local id = group.ids[i]
    if decided[id] then
      written[length + 1], written[length + 2] = group.fields[i], heads[id] .. states[id]
      length = length + 2
      hasClaim = hasClaim or string.byte(states[id], 1) == GOT_BYTE
    end
  end
  if length == 0 then return end
  local lost = redis.call('HSET', key, unpack(written))
  -- A record that only lost tickets have made may never be settled: its jobs may be lost as well.
  if lost > 0 and redis.call('HINCRBY', key, 'unsettled', lost) == lost then
    redis.call('EXPIRE', key, LOST_TTL_SEC)
  end
  if hasClaim then redis.call('ZADD', claimingKey(tag), clockMs(), group.batch) end
end

local ids = {}
for at = 1, #ARGV, FIELDS.COUNT do ids[#ids + 1] = ARGV[at + FIELDS.ticketId] end
local heads, states, groups, singles = readTickets(tag, ids)
local decisions = {}
local decided = {} -- the events of the tickets that this call has decided, by id
for i = 1, #ids do
  readRequest((i - 1) * FIELDS.COUNT + 1)
  decisions[i] = decisionOf(request, heads, states, decided)
end
writeRows() -- before the decisions: none may name a seat that is free
for i = 1, #groups do writeGroup(groups[i], decided, heads, states) end
for i = 1, #singles do
  local id = singles[i]
  if decided[id] then
    writeSingle(tag, id, heads[id], states[id])
    redis.call('HSET', ticketKey(tag, id), 'event', decided[id]) -- the version before did not record it
    redis.call('ZADD', claimingKey(tag), clockMs(), id)
  end
end
publishChanges(tag)
return decisions
