-- lapses: the seat scripts' record of holds that ended without a sale. Included by them, never run alone. It uses their
-- name lapsesStem.
--
-- A buyer's record in an event is a hash: `count` of lapses, `untilMs` before which nothing may be held, `held` 1 once
-- seats were held since the last lapse that counted. Only a lapse after such a hold counts: several holds that end
-- together count once.

local function lapsesKey(event, generation, user) return lapsesStem .. event .. ':' .. generation .. ':' .. user end
