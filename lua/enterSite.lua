-- enterSite: judge a visitor's entry to a site, or an admission to it. Admissions of one visitor to one site have
-- serial numbers. A number is issued to one browser; once that browser shows it, lower numbers are valid for a moment
-- only. So an answer that is lost on its way costs nothing, and of browsers with one cookie one stays.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; position; arrival number; untilMs: end of the admission; site: its
--          origin; serial: the token's number, of an entry how often the visitor had entered when it was made; isEntry:
--          whether it is an entry; mayRenew: whether the caller can store a new token
-- RETURNS  JSON: serial: the number of a new token, where there is one; entries: the visitor's entries to this site; or
--          refused: LINE_ENDED, CLOSED while the sale is postponed, or after it was, LEFT, TAKEN and USED_UP of an
--          entry, REPLACED of an admission; REBUILD where Redis does not know the line yet
-- COST     O(1)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include marks
-- @include room

-- @constants LINE_CHUNK RENEW_MS GRACE_MS MAX_UNSHOWN

local event, generation, serial = request.event, request.generation, request.serial
local line = redis.call(
  'HMGET',
  roomKey(tag, event),
  'generation',
  'closed',
  'uses',
  'revokedMs',
  'terms',
  'turnMs',
  'admissionMs'
)
local current = tonumber(line[1] or nil) or 0
if current < generation then return refusal('REBUILD') end
if current > generation then return refusal('LINE_ENDED') end
if line[2] == '1' then return refusal('CLOSED') end
local revokedMs, terms = tonumber(line[4] or nil), parseTerms(line[5], line[6], line[7])
-- Tokens name seconds.
if revokedMs and isRevoked(terms, revokedMs, request.position, request.untilMs + 999) then return refusal('CLOSED') end
if hasMark(roomLeftStem(tag, event, generation), request.arrival) then return refusal('LEFT') end

local key = chunkKey(roomEntriesStem(tag, event, generation), request.position)
local field = request.position .. ' ' .. request.site
local nowMs = clockMs()

-- `last`: the highest number that was issued, at `issuedMs`; `shown`: the highest that a browser has shown, since
-- `shownMs`; `before`: the one shown before it.
local state = { last = 0, shown = 0, before = 0, entries = 0, issuedMs = 0, shownMs = 0 }
local stored = redis.call('HGET', key, field)
if stored then state = cjson.decode(stored) end

local function answer(number)
  redis.call('HSET', key, field, cjson.encode(state))
  redis.call('EXPIRE', key, CHUNK_TTL_SEC)
  return cjson.encode({ serial = number, entries = state.entries })
end

local function issue()
  state.last = state.last + 1
  state.issuedMs = nowMs
  return answer(state.last)
end

local function noteShown()
  state.before = state.shown
  state.shown = serial
  state.shownMs = nowMs
  state.last = math.max(state.last, serial) -- higher where Redis has lost the visitor's numbers
  return answer()
end

if request.isEntry then
  if serial < state.entries then return refusal('TAKEN') end
  if state.entries >= (tonumber(line[3]) or 1) then return refusal('USED_UP') end
  state.entries = serial + 1
  return issue()
end
if serial > state.shown then return noteShown() end
if serial < state.shown then
  local isUnderWay = serial >= state.before and nowMs - state.shownMs < GRACE_MS
  return isUnderWay and cjson.encode({ entries = state.entries }) or refusal('REPLACED')
end
if nowMs - state.issuedMs < RENEW_MS then return cjson.encode({ entries = state.entries }) end
if state.last - state.shown >= MAX_UNSHOWN then return refusal('REPLACED') end
return request.mayRenew and issue() or cjson.encode({ entries = state.entries })
