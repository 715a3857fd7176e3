-- seatChanges: collects the changes of seats in one call of a script, and publishes and counts them at its end.

-- @include keys
-- @include numerals

local changesByEvent = {} -- for each event a list: a status, the labels that have it now, the next status ...
local differencesByEvent = {} -- for each event, by counter field, the number of seats to add

-- Records that seats have a status now. `labels` have spaces between them.
local function recordChange(event, status, labels)
  local changes = changesByEvent[event]
  if not changes then
    changes = {}
    changesByEvent[event] = changes
  end
  if changes.status ~= status then
    changes.status = status
    changes[#changes + 1] = status
  end
  changes[#changes + 1] = labels
end

-- Adds to a counter of an event: `taken:<zone>`, `held:<zone>` or `blocked:<zone>`.
local function addToCounter(event, field, difference)
  local differences = differencesByEvent[event]
  if not differences then
    differences = {}
    differencesByEvent[event] = differences
  end
  differences[field] = (differences[field] or 0) + difference
end

-- The number that this call has added to a counter so far.
local function addedToCounter(event, field)
  local differences = differencesByEvent[event]
  return differences and differences[field] or 0
end

-- Writes the counters, gives each event's changes the next version of its seats, and publishes them to the API nodes
-- that watch the event.
local function publishChanges(tag)
  for event, differences in pairs(differencesByEvent) do
    local key = countsKey(tag, event)
    for field, difference in pairs(differences) do redis.call('HINCRBY', key, field, numerals[difference]) end
  end
  for event, changes in pairs(changesByEvent) do
    local version = redis.call('HINCRBY', houseKey(tag, event), 'version', 1)
    redis.call('PUBLISH', changesChannel(tag, event), version .. ' ' .. table.concat(changes, ' '))
  end
end
