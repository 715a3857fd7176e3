-- seatLocks: the lock of a seat names the ticket that owns it. Seats count from 1 here.

-- @include numerals

-- Locks a seat for a ticket, for `lockMs` milliseconds, or for ever without. Returns whether the ticket owns the seat.
local function lockSeat(key, ticketId, lockMs)
  local isNew
  if lockMs then
    isNew = redis.call('SET', key, ticketId, 'NX', 'PX', lockMs)
  else
    isNew = redis.call('SET', key, ticketId, 'NX')
  end
  return isNew or redis.call('GET', key) == ticketId
end

-- Locks seats side by side for a ticket, all or none. Returns the seat that another ticket owns, if one does.
local function lockRun(stem, first, last, ticketId, lockMs)
  if not lockMs then
    local locks = {}
    for i = 1, last - first + 1 do
      locks[2 * i - 1], locks[2 * i] = stem .. numeral(first + i - 1), ticketId
    end
    if redis.call('MSETNX', unpack(locks)) == 1 then return nil end
  end
  for seat = first, last do
    if not lockSeat(stem .. numeral(seat), ticketId, lockMs) then
      for own = first, seat - 1 do redis.call('DEL', stem .. numeral(own)) end
      return seat
    end
  end
  return nil
end
