-- reportDone: count visitors with whom the site of an event without seats is done. They make room for others. A report
-- names nobody, so those count as done whose admissions end first.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; count of visitors; key: digest and fingerprint of the request's idempotency key, absent without
--          one; keySec: seconds that it is remembered
-- RETURNS  JSON: done: visitors reported in this line, ever; inside: admitted visitors who are not done. A repeated
--          report gets the same answer and counts nothing, and so does one while the room is off. Or refused: MISMATCH
--          where the key is bound to another request, REBUILD where there is no line
-- COST     O(buckets of admissions that run)
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include clock
-- @include idempotency
-- @include room

local event, count = request.event, request.count
local room, insideKey = roomKey(tag, event), roomInsideKey(tag, event)

local function answer(done, inside) return cjson.encode({ done = done, inside = inside }) end

-- The buckets of admissions that have not ended, those that end first in front, and the number of their admissions.
local function readBuckets()
  local values, now = redis.call('HGETALL', insideKey), bucketOf(clockMs())
  local buckets, inside = {}, 0
  for i = 1, #values, 2 do
    local bucket, admissions = tonumber(values[i]), tonumber(values[i + 1])
    if bucket >= now then
      buckets[#buckets + 1] = { bucket = bucket, admissions = admissions }
      inside = inside + admissions
    end
  end
  table.sort(buckets, function(one, other) return one.bucket < other.bucket end)
  return buckets, inside
end

-- Takes this many admissions out of the buckets, as far as there are so many.
local function takeOut(buckets, visitors)
  for _, one in ipairs(buckets) do
    local taken = math.min(visitors, one.admissions)
    if taken > 0 then redis.call('HINCRBY', insideKey, one.bucket, -taken) end
    visitors = visitors - taken
  end
end

local line = redis.call('HMGET', room, 'generation', 'mode', 'done')
if not line[1] then return refusal('REBUILD') end
local done = tonumber(line[3] or 0)
local buckets, inside = readBuckets()
if line[2] == 'off' then return answer(done, inside) end
local doneAfter, insideAfter = done + count, math.max(0, inside - count)
if request.key then
  local result = string.format('%.0f:%.0f', doneAfter, insideAfter)
  local bound, isOther, isRepeated =
    bindIdempotencyKey(tag, request.key.digest, result, request.key.fingerprint, request.keySec)
  if isOther then return refusal('MISMATCH') end
  if isRepeated then
    local doneThen, insideThen = string.match(bound, '^(%d+):(%d+)$')
    return answer(tonumber(doneThen), tonumber(insideThen))
  end
end
takeOut(buckets, count)
redis.call('HSET', room, 'done', string.format('%.0f', doneAfter))
return answer(doneAfter, insideAfter)
