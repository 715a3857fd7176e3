-- keys: spells the keys of a shard. `tag` is the shard's hash tag, `{s0}` for shard 0. TypeScript spells the same keys
-- in shared/stores/redis/keys.ts; keys.test.ts compares both.
--
-- A script gets the tag as its only key. A cluster routes a script by its keys, and all keys of a shard have the tag
-- and so lie in one slot: the script may use each of them. No key is named `{s0}` alone. A cluster that moves
-- the slot key by key therefore answers ASK, and no script sees a part of the shard.

-- Tickets: the last place given; the number of tickets that have an outcome; the hash of a batch, and that of a ticket
-- with a record of its own (docs/architecture/ledger.md describes both); an idempotency key's "<ticket id>
-- <fingerprint>"; a sorted set of the batches and such tickets that have claims under way, by when they claimed; a hash
-- of the tickets of each event (lib/lanes.lua).
local function sequenceKey(tag) return tag .. ':sequence' end
local function settledKey(tag) return tag .. ':settled' end
local function batchKey(tag, batch) return tag .. ':batch:' .. batch end
local function ticketKey(tag, ticketId) return tag .. ':ticket:' .. ticketId end
local function idempotencyKey(tag, digest) return tag .. ':idem:' .. digest end
local function claimingKey(tag) return tag .. ':claiming' end
local function lanesKey(tag) return tag .. ':lanes' end

-- BullMQ's keys of the booking queue: the lists of waiting and active jobs, the sorted sets of those that wait by
-- priority, after the list, and of delayed ones.
local function waitingKey(tag) return tag .. ':booking:wait' end
local function prioritizedKey(tag) return tag .. ':booking:prioritized' end
local function activeKey(tag) return tag .. ':booking:active' end
local function delayedKey(tag) return tag .. ':booking:delayed' end

-- An event's house: a hash of generation, zones, rows, each zone, settings, version, and epoch, which names this
-- opening of it. It exists while the house is open.
local function houseKey(tag, event) return tag .. ':house:' .. event end

-- The mark of a restore of an event's house, while it is under way.
local function restoringKey(tag, event) return tag .. ':restoring:' .. event end

-- The name of a row in the keys below.
local function rowName(event, zoneNumber, row) return event .. ':' .. zoneNumber .. ':' .. row end

-- Bitmaps of a row, seat 1 first: taken seats, and which of these are held or blocked.
local function seatsKey(tag, rowNamed) return tag .. ':seats:' .. rowNamed end
local function heldKey(tag, rowNamed) return tag .. ':held:' .. rowNamed end
local function blockedKey(tag, rowNamed) return tag .. ':blocked:' .. rowNamed end

-- The id of the ticket that holds a seat: the stem is completed by the seat's number.
local function lockStem(tag, rowNamed) return tag .. ':lock:' .. rowNamed .. ':' end

-- Set once a returned booking has freed its seats.
local function releasedKey(tag, releaseId) return tag .. ':released:' .. releaseId end

-- Seats that PostgreSQL and Redis know differently: a hash by label.
local function seatDifferencesKey(tag, event) return tag .. ':suspects:' .. event end

-- Bitmaps of an event's rows, counted through the house from 0: 1 = no run of so many free seats is left, and no such
-- run that leaves no single seat.
local function fullKey(tag, event, seatCount) return tag .. ':full:' .. event .. ':' .. seatCount end
local function neatKey(tag, event, seatCount) return tag .. ':neat:' .. event .. ':' .. seatCount end

-- The same for kinds of runs that few rows have, with 1 = the row has such a run: of one tier, or with accessible seats
-- (lib/rowIndex.lua spells the kinds). And a bitmap of an area's rows, counted from 0: 1 = no place is free.
local function fitsKey(tag, event, kind) return tag .. ':fits:' .. event .. ':' .. kind end
local function areaKey(tag, event, zoneNumber) return tag .. ':area:' .. event .. ':' .. zoneNumber end

-- The shapes of rows that are not plain: a hash by the row's index in the house, as JSON (lib/rowShape.lua).
local function shapesKey(tag, event) return tag .. ':shapes:' .. event end

-- An event's counters: a hash of taken:<zone>, held:<zone>, blocked:<zone>.
local function countsKey(tag, event) return tag .. ':counts:' .. event end

-- Claims of buyers, where the event limits them: a hash of user, " <ticket id>:<seats>" for each claim.
local function buyersKey(tag, event) return tag .. ':buyers:' .. event end

-- A buyer's holds that ended without a sale: a hash of count, untilMs, held.
local function lapsesKey(tag, event, generation, user)
  return tag .. ':lapses:' .. event .. ':' .. generation .. ':' .. user
end

-- Channels: of an event's seats, a message is a version, then statuses and labels; of an API node, a message is lines
-- of "<ticket id> <outcome>".
local function changesChannel(tag, event) return tag .. ':changes:' .. event end
local function nodeChannel(tag, node) return tag .. ':node:' .. node end

-- The channel of the shard's waiting rooms: a message is the answer of readRooms for one room.
local function roomsChannel(tag) return tag .. ':rooms' end

-- A count that a worker raises when it stops and leaves its lines to others.
local function roomReleasesKey(tag) return tag .. ':room-releases' end

-- An event's waiting room: a hash of settings, line, measurements; a sorted set of `serving` by milliseconds; a hash of
-- admissions by the ten seconds in which they end; the challenges that were used, a set for each minute of expiry.
local function roomKey(tag, event) return tag .. ':room:' .. event end
local function roomHistoryKey(tag, event) return tag .. ':room-history:' .. event end
local function roomInsideKey(tag, event) return tag .. ':room-inside:' .. event end
local function roomSpentKey(tag, event, minute) return tag .. ':room-spent:' .. event .. ':' .. minute end

-- Stems of the chunks of a line; the number of a chunk completes them: bitmaps of positions that took their turn or
-- left, and of arrival numbers that left; four bits for each position that count the uses of its admission.
local function roomTakenStem(tag, event, generation)
  return tag .. ':room-taken:' .. event .. ':' .. generation .. ':'
end
local function roomLeftStem(tag, event, generation)
  return tag .. ':room-left:' .. event .. ':' .. generation .. ':'
end
local function roomUsesStem(tag, event, generation)
  return tag .. ':room-uses:' .. event .. ':' .. generation .. ':'
end
local function roomEntriesStem(tag, event, generation)
  return tag .. ':room-entries:' .. event .. ':' .. generation .. ':'
end
