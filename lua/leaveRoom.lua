-- leaveRoom: note that a visitor left: no seat is kept for their turn, and inside they make room if they have booked
-- nothing.
-- KEYS[1]  tag  the shard's hash tag
-- ARGV[1]  JSON: event; generation of the line; arrival number; position, absent before the draw
-- RETURNS  JSON: isNew: false where the visitor had left before; or refused: REBUILD where there is no such line
-- COST     O(log(entries of the history))
local tag = KEYS[1]
local request = cjson.decode(ARGV[1])

-- @include keys
-- @include marks
-- @include room

local event, generation, position = request.event, request.generation, request.position
local insideKey = roomInsideKey(tag, event)

-- The admission that a position has taken and not used, as the bucket that counts it; nil where there is none.
local function bucketOfUnused(line)
  local uses = chunkKey(roomUsesStem(tag, event, generation), position)
  if redis.call('BITFIELD', uses, 'GET', 'u4', '#' .. (position % LINE_CHUNK))[1] > 0 then return nil end
  local beganMs = turnBeganMs(roomHistoryKey(tag, event), position)
  local terms = termsOf(parseTerms(line[4], line[2], line[3]), position)
  return beganMs and bucketOf(beganMs + terms.turnMs + terms.admissionMs)
end

local line = redis.call('HMGET', roomKey(tag, event), 'generation', 'turnMs', 'admissionMs', 'terms')
if tonumber(line[1] or nil) ~= generation then return refusal('REBUILD') end
local left = roomLeftStem(tag, event, generation)
local isNew = not hasMark(left, request.arrival)
if isNew then
  setMark(left, request.arrival)
  local taken = position and roomTakenStem(tag, event, generation)
  if taken and not hasMark(taken, position) then
    setMark(taken, position)
  elseif taken then
    local bucket = bucketOfUnused(line)
    local inside = bucket and tonumber(redis.call('HGET', insideKey, bucket) or 0) or 0
    if inside > 0 then redis.call('HINCRBY', insideKey, bucket, -1) end
  end
end
return cjson.encode({ isNew = isNew })
