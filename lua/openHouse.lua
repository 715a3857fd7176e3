-- openHouse: opens a house whose rows were written, and publishes that watchers must load it anew. The mark was set
-- before the first row: a wipe of Redis since then has deleted it together with rows, and the house stays closed.
-- KEYS[1]  tag      the shard's hash tag
-- ARGV[1]  event
-- ARGV[2]  mark     of this restore
-- ARGV[3]  version  of the event's seats from now on
-- ARGV[4..] names and values of the house's fields, in turn
-- RETURNS  1, or 0 if the mark is gone
-- COST     O(zones)
local tag, event, mark, version = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

-- @include keys

if redis.call('GET', restoringKey(tag, event)) ~= mark then return 0 end
redis.call('DEL', restoringKey(tag, event))
for at = 4, #ARGV, 2 do redis.call('HSET', houseKey(tag, event), ARGV[at], ARGV[at + 1]) end
redis.call('PUBLISH', changesChannel(tag, event), version .. ' RELOAD')
return 1
