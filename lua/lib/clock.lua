-- clock: the time of Redis' clock. It stands still for one call of a script.

local timeMs -- read when first needed
local function clockMs()
  if not timeMs then
    local time = redis.call('TIME')
    timeMs = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return timeMs
end
