-- claimSeats: take seats for a batch of requests, all or none for each. What was decided once for a ticket stands.
-- KEYS[1]  houseStem    + event: hash of the house: generation, zones, rows, each zone, settings, version; missing: the answer is REBUILD
-- KEYS[2]  seatsStem    + event:zone:row: bitmap, 1 = taken
-- KEYS[3]  heldStem     + event:zone:row: bitmap, 1 = held
-- KEYS[4]  blockedStem  + event:zone:row: bitmap, 1 = blocked
-- KEYS[5]  lockStem     + event:zone:row:seat: id of the ticket that owns the seat
-- KEYS[6]  fullStem     + event:count: bitmap of rows, 1 = no such run left
-- KEYS[7]  neatStem     + event:count: bitmap of rows, 1 = no such run left that leaves no single seat
-- KEYS[8]  countsStem   + event: hash of taken:zone, held:zone, blocked:zone
-- KEYS[9]  buyersStem   + event: hash of user, "<ticket id>:<seats>" for each claim; only where the event limits a buyer
-- KEYS[10] ticketStem   + ticket id: hash of seq, kind, user, claim, outcome, watchers, queued, keyed, admitted, use
-- KEYS[11] changesStem  + event: channel of an event's seats; a message is a version, then statuses and labels
-- KEYS[12] roomStem     + event: hash of the waiting room: settings, line, measurements
-- KEYS[13] roomUsesStem + event:generation:chunk: four bits for each position, how often its admission was used
-- KEYS[14] roomInsideStem + event: hash of admissions by the ten seconds in which they end
-- KEYS[15] lapsesStem   + event:generation:user: hash of count, untilMs, held; only of a buyer who let holds go
-- ARGV[1]  graceMs      integer, milliseconds that a lock outlives its hold
-- ARGV[2..] for each request: ticket id, event, zone or 0, row or 0, start (from 0) or -1, count, labels or '' (then zone, row
--           and start do not count), user or '', 1 to hold the seats or 0 to sell them, admission or ''
-- RETURNS  for each request, in order: "GOT <generation> <label>...", "NOT <generation> <code>" and what the code tells (the
--          milliseconds of NOT_ON_SALE and HOLD_COOLDOWN; the held seats of SOLD_OUT where there are any; "zone:row",
--          "zone:row:start" or "zone:row:start:count" of alternatives), "SETTLED" or "REBUILD" (the house, or the line
--          of the admission, is not here)
-- COST     O(requests x seats in a row / 8), and O(zones) once for each event that is sold out
local houseStem, seatsStem, heldStem, blockedStem, lockStem = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fullStem, neatStem, countsStem, buyersStem, ticketStem, changesStem = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local roomStem, roomUsesStem, roomInsideStem, lapsesStem = KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local graceMs = tonumber(ARGV[1])
local admissionKeys = {
  ticketStem = ticketStem,
  roomStem = roomStem,
  roomUsesStem = roomUsesStem,
  roomInsideStem = roomInsideStem,
}

-- @include row
-- @include admission
-- @include lapses

local clockMs
local function nowMs()
  if not clockMs then
    local time = redis.call('TIME')
    clockMs = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return clockMs
end

local houses = {} -- what this call has read of each event's house
local function readHouse(event)
  local house = houses[event]
  if house == nil then
    local fields = redis.call(
      'HMGET', houseStem .. event, 'generation', 'zones', 'rows', 'holdMs', 'avoidSingles', 'seatLimit', 'onSaleMs', 'paused'
    )
    house = fields[1]
        and fields[4]
        and {
          event = event,
          generation = fields[1],
          zones = tonumber(fields[2]),
          rows = tonumber(fields[3]),
          lockMs = tonumber(fields[4]) + graceMs,
          avoidSingles = fields[5] == '1',
          seatLimit = tonumber(fields[6]),
          onSaleMs = tonumber(fields[7]),
          paused = fields[8] == '1',
          held = {}, -- seats held, by zone, 0 for all: read when first needed
        }
      or false
    houses[event] = house
  end
  return house
end

-- The zone that a row of the house, counted from 0, lies in: zones stand in the order of their numbers. The first guess is right
-- where all have as many rows.
local function zoneOfRow(house, rowIndex)
  local low, high = 1, house.zones
  local guess = 1 + math.floor(rowIndex * house.zones / house.rows)
  while low < high do
    local zone = readZone(house.event, guess)
    if rowIndex < zone.first then
      high = guess - 1
    elseif rowIndex >= zone.first + zone.rows then
      low = guess + 1
    else
      return zone
    end
    guess = math.floor((low + high) / 2)
  end
  return readZone(house.event, low)
end

-- The start for `count` seats nearest to half of `twice` inside a free run, the left one where equal; where `neat`, of those
-- that leave no single seat, or nil.
local function startInRun(start, length, seats, count, twice, neat)
  local first, last = start, start + length - count
  if first > last then return nil end
  local from = math.min(math.max(math.floor(twice / 2), first), last)
  if not neat or not leavesSingle(start, length, seats, from, count) then return from end
  -- Only two starts of a run leave a single seat: one within three steps does not, or none does.
  local best
  for other = math.max(from - 3, first), math.min(from + 3, last) do
    local nearer = not best or math.abs(2 * other - twice) < math.abs(2 * best - twice)
    if nearer and not leavesSingle(start, length, seats, other, count) then best = other end
  end
  return best
end

-- The best start for `count` seats: the run nearest the row's middle, the tightest gap where equal, then the left one; where
-- `neat`, of those that leave no single seat. Returns the start and which free run it lies in, or nil.
local function bestStart(starts, lengths, seats, count, neat)
  local best, bestRun, bestDistance, bestLength
  for i = 1, #starts do
    local from = startInRun(starts[i], lengths[i], seats, count, seats - count, neat)
    if from then
      local distance, length = math.abs(2 * from + count - seats), lengths[i]
      if not best or distance < bestDistance or (distance == bestDistance and length < bestLength) then
        best, bestRun, bestDistance, bestLength = from, i, distance, length
      end
    end
  end
  return best, bestRun
end

-- The free run that holds the seats from `from` on, all `count` of them, or nil.
local function runAround(starts, lengths, from, count)
  for i = 1, #starts do
    if starts[i] <= from and from + count <= starts[i] + lengths[i] then return i end
  end
  return nil
end

-- The longest free run once `count` seats from `from` on are taken out of run number `run`.
local function longestWithout(starts, lengths, run, from, count)
  local longest = math.max(from - starts[run], starts[run] + lengths[run] - from - count)
  for i = 1, #lengths do
    if i ~= run and lengths[i] > longest then longest = lengths[i] end
  end
  return longest
end

local numerals = {} -- Lua spells a number anew each time it meets a string, which costs as much as a Redis call
local function numeral(n)
  local text = numerals[n]
  if not text then
    text = tostring(n)
    numerals[n] = text
  end
  return text
end

-- Locks a seat for a ticket. Returns whether the ticket has it.
local function takeLock(key, request)
  local taken
  if request.hold then
    taken = redis.call('SET', key, request.id, 'NX', 'PX', request.house.lockMs)
  else
    taken = redis.call('SET', key, request.id, 'NX')
  end
  return taken or redis.call('GET', key) == request.id
end

-- Locks the seats for a ticket, all or none. Returns the seat (from 0) that another ticket owns, if one does.
local function lockSeats(lock, from, seats, request)
  if not request.hold then
    local locks = {}
    for i = 1, seats do
      locks[2 * i - 1], locks[2 * i] = lock .. numeral(from + i), request.id
    end
    if redis.call('MSETNX', unpack(locks)) == 1 then return nil end
  end
  for seat = from, from + seats - 1 do
    if not takeLock(lock .. numeral(seat + 1), request) then
      for mine = from, seat - 1 do redis.call('DEL', lock .. numeral(mine + 1)) end
      return seat
    end
  end
  return nil
end

-- The bytes of a bitmap that hold these seats, with the seats set, and the index of the first of these bytes.
local function setSeats(bits, from, seats)
  local first = math.floor(from / 8)
  local bytes = { string.byte(bits, first + 1, math.floor((from + seats - 1) / 8) + 1) }
  for seat = from, from + seats - 1 do
    local at = math.floor(seat / 8) - first + 1
    bytes[at] = bit.bor(bytes[at] or 0, MASKS[seat % 8 + 1])
  end
  return first, string.char(unpack(bytes))
end

-- Takes seats of one row: those from request.start on, or the best; where `neat`, only such as leave no single seat
-- (but exact ones where the row has no such choice of that size). Returns their labels, or nil, whether the row has any
-- free seat, and what else there is in the row.
local function claimInRow(request, zone, row, neat)
  local event, wanted, start = request.house.event, request.count, request.start
  local place = event .. ':' .. numeral(zone.number) .. ':' .. numeral(row)
  local bits = redis.call('GET', seatsStem .. place) or ''
  while true do
    local starts, lengths = freeRuns(bits, zone.seats)
    local from, run
    if start < 0 then
      from, run = bestStart(starts, lengths, zone.seats, wanted, neat)
    else
      from, run = start, runAround(starts, lengths, start, wanted)
      request.wouldLeaveSingle = run
        and neat
        and leavesSingle(starts[run], lengths[run], zone.seats, from, wanted)
        and bestStart(starts, lengths, zone.seats, wanted, true) ~= nil
      if request.wouldLeaveSingle then run = nil end
    end
    if not run then return nil, #starts > 0, starts, lengths end

    local owned = lockSeats(lockStem .. place .. ':', from, wanted, request)
    local taken, seats = owned or from, owned and 1 or wanted
    local first, bytes = setSeats(bits, taken, seats)
    redis.call('SETRANGE', seatsStem .. place, numeral(first), bytes)
    count(event, 'taken:' .. numeral(zone.number), seats)
    if owned then noteChange(event, 'SOLD', zone.number .. '-' .. row .. '-' .. (owned + 1)) end
    local after = longestWithout(starts, lengths, run, taken, seats)
    local rowIndex = zone.first + row - 1
    indexRow(event, rowIndex, longestOf(lengths), after)
    if request.house.avoidSingles then
      local startsNow, lengthsNow = freeRuns(redis.call('GET', seatsStem .. place), zone.seats)
      indexNeat(event, rowIndex, startsNow, lengthsNow, zone.seats)
    end

    if not owned then
      if request.hold then
        for seat = from, from + seats - 1 do redis.call('SETBIT', heldStem .. place, numeral(seat), 1) end
        count(event, 'held:' .. numeral(zone.number), seats)
      end
      local labels, stem = {}, numeral(zone.number) .. '-' .. numeral(row) .. '-'
      for i = 1, wanted do labels[i] = stem .. numeral(from + i) end
      labels = table.concat(labels, ' ')
      noteChange(event, request.hold and 'HELD' or 'SOLD', labels)
      return labels
    end
    -- The lock knew of an owner that the bitmap had forgotten. The bit is mended now: choose again.
    bits = redis.call('GET', seatsStem .. place)
  end
end

-- @include nearby

-- Seats that are held in a zone, or in the whole house without one. It is needed where nothing is free: this call holds
-- nothing more there, so the number is read once.
local function heldIn(house, zone)
  local asked = zone and zone.number or 0
  if not house.held[asked] then
    local fields, pending, seats = {}, countsNow[house.event] or {}, 0
    for number = zone and asked or 1, zone and asked or house.zones do fields[#fields + 1] = 'held:' .. number end
    local counts = redis.call('HMGET', countsStem .. house.event, unpack(fields))
    for i = 1, #fields do seats = seats + tonumber(counts[i] or 0) + (pending[fields[i]] or 0) end
    house.held[asked] = seats
  end
  return house.held[asked]
end

-- The part of SOLD_OUT with the held seats, which may come back: " <seats>", or '' where none is held.
local function tellHeld(seats) return seats > 0 and ' ' .. seats or '' end

-- Takes the best seats in the rows first..last of the house. Returns their labels, or nil and a code.
local function claimBest(request, first, last)
  local house = request.house
  local neat = house.avoidSingles
  while true do
    local stem = neat and neatStem or fullStem
    local rowIndex = firstOpen(stem, house, request.count, first, last)
    if rowIndex then
      local zone = zoneOfRow(house, rowIndex)
      local labels = claimInRow(request, zone, rowIndex - zone.first + 1, neat)
      if labels then return labels end
      redis.call('SETBIT', stem .. house.event .. ':' .. request.count, rowIndex, 1) -- the index was behind the row
    elseif neat then
      neat = false -- every choice that is left leaves a single seat
    else
      local single = request.count > 1 and firstOpen(fullStem, house, 1, first, last)
      return nil, single and 'NO_ADJACENT_SEATS' or 'SOLD_OUT'
    end
  end
end

-- Whether a free seat beside `seat` has only taken ones around it once the seats of `mine` are taken too.
local function isolates(mine, seat)
  local function taken(place, n)
    if n < 1 or n > seat.zone.seats then return false end -- the row's end
    return mine[place .. ':' .. n] or redis.call('GETBIT', seatsStem .. place, n - 1) == 1
  end
  for n = seat.seat - 1, seat.seat + 1, 2 do
    local free = n >= 1 and n <= seat.zone.seats and not taken(seat.place, n)
    if free and taken(seat.place, n - 1) and taken(seat.place, n + 1) then return true end
  end
  return false
end

-- Takes seats that are no run, each by itself, all or none. Returns their labels, or nil, a code and alternatives.
local function claimLabels(request, labels)
  local house = request.house
  local event, seats, mine, inRow = house.event, {}, {}, {}
  for number, row, seat in string.gmatch(labels, '(%d+)-(%d+)-(%d+)') do
    local zone = readZone(house.event, tonumber(number))
    row, seat = tonumber(row), tonumber(seat)
    if not zone or row > zone.rows or seat > zone.seats then return nil, 'INVALID_REQUEST', '' end
    local place = event .. ':' .. number .. ':' .. row
    seats[#seats + 1] = { zone = zone, row = row, seat = seat, place = place }
    mine[place .. ':' .. seat] = true
    inRow[place] = (inRow[place] or 0) + 1
  end
  -- What stands near a seat that cannot be had: as many side by side, first in its own row.
  local function refuse(code, seat)
    request.start = seat.seat - 1
    local starts, lengths = freeRuns(redis.call('GET', seatsStem .. seat.place) or '', seat.zone.seats)
    return nil, code, nearestInRow(request, seat.zone, seat.row, starts, lengths) .. alternatives(request, seat.zone, seat.row)
  end
  -- A refusal for a single seat, where the row has a neat choice of as many seats as are requested of it. That choice
  -- is offered where all seats of the request together are nowhere to be had.
  local function refuseSingle(seat)
    local wanted = inRow[seat.place]
    local starts, lengths = freeRuns(redis.call('GET', seatsStem .. seat.place) or '', seat.zone.seats)
    local neat = bestStart(starts, lengths, seat.zone.seats, wanted, true)
    if not neat then return false end
    local _, code, near = refuse('SINGLE_SEAT_LEFT', seat)
    return code, near ~= '' and near or ' ' .. seat.zone.number .. ':' .. seat.row .. ':' .. neat .. ':' .. wanted
  end
  for i = 1, #seats do
    if redis.call('GETBIT', seatsStem .. seats[i].place, seats[i].seat - 1) == 1 then return refuse('SEAT_TAKEN', seats[i]) end
  end
  for i = 1, house.avoidSingles and #seats or 0 do
    local code, near
    if isolates(mine, seats[i]) then
      code, near = refuseSingle(seats[i])
    end
    if code then return nil, code, near end
  end
  for i = 1, #seats do
    local seat = seats[i]
    if not takeLock(lockStem .. seat.place .. ':' .. seat.seat, request) then
      for own = 1, i - 1 do redis.call('DEL', lockStem .. seats[own].place .. ':' .. seats[own].seat) end
      -- The lock knew of an owner that the bitmap had forgotten.
      markSeat(event, seat.zone, seat.row, seat.seat, 'SOLD', house.avoidSingles)
      settleRows()
      return refuse('SEAT_TAKEN', seat)
    end
  end
  for i = 1, #seats do
    local seat = seats[i]
    local status = request.hold and 'HELD' or 'SOLD'
    markSeat(event, seat.zone, seat.row, seat.seat, status, house.avoidSingles)
  end
  settleRows() -- the next request of this batch chooses by the index
  return labels
end

-- Decides where a request's seats are. Returns their labels, or nil, a code and what the code tells.
local function place(request, number, row)
  local house = request.house
  if number == 0 then
    local labels, code = claimBest(request, 0, house.rows - 1)
    return labels, code, code == 'SOLD_OUT' and tellHeld(heldIn(house)) or ''
  end
  local zone = readZone(house.event, number)
  if not zone or row > zone.rows then return nil, 'INVALID_REQUEST', '' end
  if row == 0 then
    local labels, code = claimBest(request, zone.first, zone.first + zone.rows - 1)
    if labels then return labels end
    return nil, code, (code == 'SOLD_OUT' and tellHeld(heldIn(house, zone)) or '') .. alternatives(request, zone)
  end
  local exact = request.start >= 0
  if exact and request.start + request.count > zone.seats then return nil, 'INVALID_REQUEST', '' end
  local labels, anyFree, starts, lengths = claimInRow(request, zone, row, house.avoidSingles)
  if not labels and not exact and house.avoidSingles then labels, anyFree = claimInRow(request, zone, row, false) end
  if labels then return labels end
  if exact then
    local near = nearestInRow(request, zone, row, starts, lengths) .. alternatives(request, zone, row)
    return nil, request.wouldLeaveSingle and 'SINGLE_SEAT_LEFT' or 'SEAT_TAKEN', near
  end
  if anyFree then return nil, 'NO_ADJACENT_SEATS', alternatives(request, zone, row) end
  local held = redis.call('BITCOUNT', heldStem .. house.event .. ':' .. number .. ':' .. row)
  return nil, 'SOLD_OUT', tellHeld(held) .. alternatives(request, zone, row)
end

-- Whether a buyer may have so many seats more, and what the buyer has.
local function withinLimit(request, user)
  local house = request.house
  if house.seatLimit == 0 then return true, nil end
  local claims = redis.call('HGET', buyersStem .. house.event, user) or ''
  local seats = 0
  for n in string.gmatch(claims, ':(%d+)') do seats = seats + tonumber(n) end
  return seats + request.count <= house.seatLimit, claims
end

-- Whether an admission lets a request in: its line stands, it had not ended when the request was accepted, and uses are
-- left. A ticket that acceptance did not judge (an API of the version before, or Redis has forgotten it) is judged now.
local function isAdmitted(request, admission)
  local event = request.house.event
  if not isOfLine(admissionKeys, event, admission) then return false end
  if not request.admitted and nowMs() >= endOfAdmission(admission) then return false end
  return hasUsesLeft(admissionKeys, event, admission)
end

-- Decides one request. Returns the labels of its seats, or nil, a code and what the code tells.
local function decide(request, number, row, labels, user, admission)
  local house = request.house
  if admission ~= '' and not isAdmitted(request, admission) then return nil, 'ADMISSION_INVALID', '' end
  if house.paused then return nil, 'SALES_PAUSED', '' end
  if house.onSaleMs > 0 and nowMs() < house.onSaleMs then
    return nil, 'NOT_ON_SALE', ' ' .. string.format('%.0f', house.onSaleMs)
  end
  if house.seatLimit > 0 and user == '' then return nil, 'BUYER_REQUIRED', '' end
  local allowed, claims = withinLimit(request, user)
  if not allowed then return nil, 'SEAT_LIMIT', '' end
  local lapses = request.hold and user ~= '' and lapsesKey(house.event, house.generation, user)
  local untilMs = lapses and tonumber(redis.call('HGET', lapses, 'untilMs') or nil)
  if untilMs and nowMs() < untilMs then return nil, 'HOLD_COOLDOWN', ' ' .. string.format('%.0f', untilMs) end
  local got, code, tells
  if labels ~= '' then
    got, code, tells = claimLabels(request, labels)
  else
    got, code, tells = place(request, number, row)
  end
  if got and claims then
    redis.call('HSET', buyersStem .. house.event, user, claims .. ' ' .. request.id .. ':' .. request.count)
  end
  if got and untilMs then redis.call('HSET', lapses, 'held', 1) end
  if got and admission ~= '' then
    countUse(admissionKeys, house.event, admission, request.id, request.count, 1)
  end
  return got, code, tells
end

local decisions = {}
for i = 2, #ARGV, 10 do
  local id, event = ARGV[i], ARGV[i + 1]
  local house = readHouse(event)
  local admission = ARGV[i + 9]
  local ticket = redis.call('HMGET', ticketStem .. id, 'claim', 'outcome', 'admitted')
  local decision
  if ticket[2] then
    decision = 'SETTLED'
  elseif not house then
    decision = 'REBUILD'
  elseif ticket[1] and string.match(ticket[1], '^%u+ (%d+) ') == house.generation then
    decision = ticket[1]
  elseif admission ~= '' and isOfLine(admissionKeys, event, admission) == nil then
    decision = 'REBUILD'
  else
    local request = {
      id = id,
      house = house,
      start = tonumber(ARGV[i + 4]),
      count = tonumber(ARGV[i + 5]),
      hold = ARGV[i + 8] == '1',
      admitted = ticket[3],
    }
    local number, row = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
    local labels, code, tells = decide(request, number, row, ARGV[i + 6], ARGV[i + 7], admission)
    if labels then
      decision = 'GOT ' .. house.generation .. ' ' .. labels
    else
      decision = 'NOT ' .. house.generation .. ' ' .. code .. (tells or '')
    end
    redis.call('HSET', ticketStem .. id, 'claim', decision)
  end
  decisions[#decisions + 1] = decision
end
settleCounts()
publishChanges()
return decisions
