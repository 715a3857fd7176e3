-- enterSite: judge a visitor's entry to a site, or an admission to it. Each raise of the serial number makes earlier
-- tokens of the visitor for this site invalid: only one browser has the last number.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; position; arrival number; site: its origin; serial: the token's number;
--          isEntry: whether it is an entry; mayRenew: whether the caller can store a new token
-- RETURNS  JSON: serial: the number of the token that is valid from now on, where that is not the one shown; entries:
--          the visitor's entries to this site; or refused: LINE_ENDED, CLOSED while the sale is postponed, LEFT, TAKEN
--          and USED_UP of an entry, REPLACED of an admission; REBUILD where Redis does not know the line yet
-- COST     O(1)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include marks
-- @include room

-- @constants LINE_CHUNK RENEW_MS GRACE_MS

local event, generation, serial = request.event, request.generation, request.serial
local line = redis.call('HMGET', roomKey(tag, event), 'generation', 'closed', 'uses')
local current = tonumber(line[1] or nil) or 0
if current < generation then return refusal('REBUILD') end
if current > generation then return refusal('LINE_ENDED') end
if line[2] == '1' then return refusal('CLOSED') end
if hasMark(roomLeftStem(tag, event, generation), request.arrival) then return refusal('LEFT') end

local entriesKey = chunkKey(roomEntriesStem(tag, event, generation), request.position)
local field = request.position .. ' ' .. request.site
local nowMs = clockMs()
local last, entries, sinceMs =
  string.match(redis.call('HGET', entriesKey, field) or '0:0:0', '^(%d+):(%d+):(%d+)$')
last, entries, sinceMs = tonumber(last), tonumber(entries), tonumber(sinceMs)

local function answer(number) return cjson.encode({ serial = number, entries = entries }) end

local function raiseTo(number)
  redis.call('HSET', entriesKey, field, string.format('%.0f:%.0f:%.0f', number, entries, nowMs))
  redis.call('EXPIRE', entriesKey, CHUNK_TTL_SEC)
end

if request.isEntry then
  if serial < last then return refusal('TAKEN') end
  if entries >= (tonumber(line[3]) or 1) then return refusal('USED_UP') end
  entries = entries + 1
  raiseTo(serial + 1)
  return answer(serial + 1)
end
if serial == last - 1 and nowMs - sinceMs < GRACE_MS then return answer() end
if serial < last then return refusal('REPLACED') end
if serial > last then
  raiseTo(serial) -- Redis has lost this visitor's number
  return answer()
end
if not request.mayRenew or nowMs - sinceMs < RENEW_MS then return answer() end
raiseTo(serial + 1)
return answer(serial + 1)
