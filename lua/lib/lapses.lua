-- lapses: the record of a buyer's holds in an event that ended without a sale.
--
-- It is a hash: `count` of lapses, `untilMs` before which the buyer may hold nothing, `held` 1 once the buyer held
-- seats since the last lapse that counted. Only a lapse after such a hold counts: several holds that end together count
-- once.

-- @constants HOLD_COOLDOWNS_MS LAPSES_KEPT_MS

-- Counts a lapse, unless the buyer held nothing since the last one. The record outlives the next hold.
local function countLapse(key, atMs, holdMs)
  local record = redis.call('HMGET', key, 'count', 'held')
  if record[1] and record[2] ~= '1' then return end
  local lapses = tonumber(record[1] or 0) + 1
  local cooldownMs = HOLD_COOLDOWNS_MS[math.min(lapses, #HOLD_COOLDOWNS_MS)]
  redis.call('HSET', key, 'count', lapses, 'untilMs', string.format('%.0f', atMs + cooldownMs), 'held', 0)
  redis.call('PEXPIRE', key, string.format('%.0f', LAPSES_KEPT_MS + holdMs))
end
