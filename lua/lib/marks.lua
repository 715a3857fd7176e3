-- marks: bits of positions or of arrival numbers. Scripts of the waiting room include it.
--
-- `marks` is the stem of the keys, such as `roomTakenStem`. The bits lie in chunks, so that earlier ones can be deleted
-- as a whole.

-- @constants LINE_CHUNK
local CHUNK_TTL_SEC = 86400

local function chunkKey(marks, number) return marks .. math.floor(number / LINE_CHUNK) end

local function hasMark(marks, number) return redis.call('GETBIT', chunkKey(marks, number), number % LINE_CHUNK) == 1 end

local function setMark(marks, number)
  local key = chunkKey(marks, number)
  redis.call('SETBIT', key, number % LINE_CHUNK, 1)
  redis.call('EXPIRE', key, CHUNK_TTL_SEC)
end

-- Counts marks from one number to another, both included.
local function countMarks(marks, from, to)
  local count = 0
  while from <= to do
    local last = math.min(to, (math.floor(from / LINE_CHUNK) + 1) * LINE_CHUNK - 1)
    count = count + redis.call('BITCOUNT', chunkKey(marks, from), from % LINE_CHUNK, last % LINE_CHUNK, 'BIT')
    from = last + 1
  end
  return count
end

-- Clears marks from one number to another, both included.
local function clearMarks(marks, from, to)
  while from <= to do
    local key = chunkKey(marks, from)
    local first, last = from % LINE_CHUNK, math.min(to - from + from % LINE_CHUNK, LINE_CHUNK - 1)
    from = from + last - first + 1
    if redis.call('EXISTS', key) == 1 then
      -- Bytes of which all bits are cleared.
      local firstByte, lastByte = math.ceil(first / 8), math.floor((last + 1) / 8) - 1
      if firstByte <= lastByte then
        redis.call('SETRANGE', key, firstByte, string.rep('\0', lastByte - firstByte + 1))
      end
      for bit = first, math.min(firstByte * 8 - 1, last) do redis.call('SETBIT', key, bit, 0) end
      for bit = math.max((lastByte + 1) * 8, first), last do redis.call('SETBIT', key, bit, 0) end
    end
  end
end
