-- seatLocks: the lock of a seat names the ticket that owns it. Seats count from 1 here.

-- @include numerals

-- Locks seats side by side for a ticket, for `lockMs` milliseconds, or for ever without.
local function lockRun(stem, first, last, ticketId, lockMs)
  for seat = first, last do
    if lockMs then
      redis.call('SET', stem .. numeral(seat), ticketId, 'PX', numeral(lockMs))
    else
      redis.call('SET', stem .. numeral(seat), ticketId)
    end
  end
end
