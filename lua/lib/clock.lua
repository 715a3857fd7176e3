-- clock: the time of Redis' clock. It stands still for one call of a script.

local clockMs -- read when first needed
local function nowMs()
  if not clockMs then
    local time = redis.call('TIME')
    clockMs = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return clockMs
end
