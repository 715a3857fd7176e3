-- claimSeats: takes seats for a batch of requests, all or none for each. A ticket that was decided keeps its decision.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1..] the fields of each request
-- RETURNS  for each request, in order: "GOT <generation> <label>...", "NOT <generation> <code>" and the code's detail
--          (the milliseconds of NOT_ON_SALE and HOLD_COOLDOWN; the held seats of SOLD_OUT where there are any;
--          "zone:row", "zone:row:start" or "zone:row:start:seats" of alternatives), "SETTLED" where the ticket has its
--          outcome, or "REBUILD" where the house, or the line of the admission, is not in Redis
-- COST     O(requests x seats in a row / 8), and O(zones) once for each event that is sold out
local ARGV, redis, tonumber = ARGV, redis, tonumber -- a local costs less than a protected global
local tag = KEYS[1]

-- @constants LOCK_GRACE_MS
-- @include keys
-- @include clock
-- @include admission
-- @include buyerSeats
-- @include claimLabels
-- @include claimRun
-- @include seatChanges

local function parseRequest(at)
  return {
    ticketId = ARGV[at + FIELDS.ticketId],
    event = ARGV[at + FIELDS.event],
    zone = tonumber(ARGV[at + FIELDS.zone]),
    row = tonumber(ARGV[at + FIELDS.row]),
    start = tonumber(ARGV[at + FIELDS.start]),
    seatCount = tonumber(ARGV[at + FIELDS.seatCount]),
    labels = ARGV[at + FIELDS.labels],
    user = ARGV[at + FIELDS.user],
    hold = ARGV[at + FIELDS.hold] == '1',
    admission = ARGV[at + FIELDS.admission],
  }
end

local function parseHouse(event)
  local fields = redis.call(
    'HMGET', houseKey(tag, event),
    'generation', 'zones', 'rows', 'holdMs', 'avoidSingles', 'seatLimit', 'onSaleMs', 'paused'
  )
  if not fields[1] or not fields[4] then return false end
  return {
    event = event,
    generation = fields[1],
    zoneCount = tonumber(fields[2]),
    rowCount = tonumber(fields[3]),
    lockMs = tonumber(fields[4]) + LOCK_GRACE_MS,
    avoidSingles = fields[5] == '1',
    seatLimit = tonumber(fields[6]),
    onSaleMs = tonumber(fields[7]),
    isPaused = fields[8] == '1',
    heldSeats = {}, -- by zone number, 0 for all zones: read when first needed
  }
end

local houses = {} -- that this call has read, by event; false where the house is not open
local function readHouse(event)
  if houses[event] == nil then houses[event] = parseHouse(event) end
  return houses[event]
end

-- Whether the admission of a request is valid: its line stands, it had not ended when the request was accepted, and it
-- has uses left. An admission that acceptance did not judge (an API of the version before, or Redis forgot it) is
-- judged now.
local function isAdmitted(request)
  if not isOfLine(tag, request.event, request.admission) then return false end
  if not request.isAdmissionJudged and clockMs() >= endOfAdmission(request.admission) then return false end
  return hasUsesLeft(tag, request.event, request.admission)
end

-- Judges what a request may do, before its seats are chosen. Returns a code and its detail where it is refused. Notes
-- in the request what has to be remembered once it gets seats.
local function refusalOf(request)
  local house, user = request.house, request.user
  if request.admission ~= '' and not isAdmitted(request) then return 'ADMISSION_INVALID', '' end
  if house.isPaused then return 'SALES_PAUSED', '' end
  if house.onSaleMs > 0 and clockMs() < house.onSaleMs then
    return 'NOT_ON_SALE', ' ' .. string.format('%.0f', house.onSaleMs)
  end
  if house.seatLimit > 0 then
    if user == '' then return 'BUYER_REQUIRED', '' end
    request.claimsBefore = redis.call('HGET', buyersKey(tag, house.event), user) or ''
    if countBuyerSeats(request.claimsBefore) + request.seatCount > house.seatLimit then return 'SEAT_LIMIT', '' end
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
  local event, seatCount = request.event, request.seatCount
  if request.claimsBefore then
    local claims = request.claimsBefore .. ' ' .. request.ticketId .. ':' .. seatCount
    redis.call('HSET', buyersKey(tag, event), request.user, claims)
  end
  if request.lapsesKey then redis.call('HSET', request.lapsesKey, 'held', 1) end
  if request.admission ~= '' then countUse(tag, event, request.admission, request.ticketId, seatCount, 1) end
end

-- Decides a request of an open house. Returns the decision as text.
local function decide(request)
  local generation = request.house.generation
  local labels
  local code, detail = refusalOf(request)
  if not code then
    labels, code, detail = (request.labels ~= '' and claimLabels or claimRun)(tag, request)
  end
  if not labels then return 'NOT ' .. generation .. ' ' .. code .. (detail or '') end
  rememberSeats(request)
  return 'GOT ' .. generation .. ' ' .. labels
end

-- The decision of a request: the one that its ticket has, or a new one, which its ticket keeps.
local function decisionOf(request)
  local key = ticketKey(tag, request.ticketId)
  local ticket = redis.call('HMGET', key, 'claim', 'outcome', 'admitted')
  local claim, outcome = ticket[1], ticket[2]
  if outcome then return 'SETTLED' end
  request.isAdmissionJudged = ticket[3]
  request.house = readHouse(request.event)
  if not request.house then return 'REBUILD' end
  if claim and string.match(claim, '^%u+ (%d+) ') == request.house.generation then return claim end
  if request.admission ~= '' and isOfLine(tag, request.event, request.admission) == nil then return 'REBUILD' end
  local decision = decide(request)
  redis.call('HSET', key, 'claim', decision)
  return decision
end

local decisions = {}
for at = 1, #ARGV, FIELDS.COUNT do decisions[#decisions + 1] = decisionOf(parseRequest(at)) end
publishChanges(tag)
return decisions
