-- buyerSeats: the seats that a buyer has in an event which limits them, as " <ticket id>:<seats>" for each claim.

-- The seats of a buyer's claims.
local function countBuyerSeats(claims)
  local seats = 0
  for claimed in string.gmatch(claims, ':(%d+)') do seats = seats + tonumber(claimed) end
  return seats
end

-- Takes one seat off a ticket's claim, and the claim off with its last seat. A ticket that was claimed anew after Redis
-- had forgotten it may have two claims: one of them changes.
local function removeBuyerSeat(key, user, ticketId)
  local claims = user ~= '' and redis.call('HGET', key, user)
  if not claims then return end
  local isRemoved = false
  local changed = string.gsub(claims, ' (%S+):(%d+)', function(claimant, seats)
    if claimant ~= ticketId or isRemoved then return nil end
    isRemoved = true
    return seats == '1' and '' or (' ' .. ticketId .. ':' .. (seats - 1))
  end)
  if changed == '' then
    redis.call('HDEL', key, user)
  else
    redis.call('HSET', key, user, changed)
  end
end
