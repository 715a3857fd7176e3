import { FrontrowError, randomKey } from '../../client/src/index.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { frontrow, get } from '../frontrow.ts';
import { storedSession } from '../stored-values.ts';
import { isChangingHold } from './purchase-state.ts';
import { forgetBooking, type PurchaseContext, rememberBookings, resumeStored, showBookings } from './purchase-steps.ts';

/** Pages of a list that are read at most, of up to a hundred bookings each. */
const MAX_PAGES = 5;

type Page = { bookings: Booking[]; next?: string };

/** Reads the bookings of a user in an event, the newest first. */
async function readOwn(eventId: number, userId: number): Promise<Booking[]> {
  const found: Booking[] = [];
  let path: string | undefined = `/api/bookings?eventId=${eventId}&userId=${userId}`;
  for (let pages = 0; path !== undefined && pages < MAX_PAGES; pages += 1) {
    const { bookings, next }: Page = await get<Page>(path);
    found.push(...bookings);
    path = next;
  }
  return found;
}

/**
 * Shows the live holds and the bookings that the logged-in user has made anywhere. A failed read leaves what is shown:
 * the next one comes when the page is visible again.
 */
export async function loadOwnBookings(purchase: PurchaseContext): Promise<void> {
  const session = storedSession().read();
  if (session === undefined) return;
  try {
    const { changeCount } = purchase;
    const own = await readOwn(purchase.eventId, session.id);
    if (purchase.isStopped || storedSession().read()?.id !== session.id || purchase.changeCount !== changeCount) return;
    const of = (status: Booking['status']) => own.filter((booking) => booking.status === status);
    purchase.holds = of('PENDING').filter(({ expiresAt = '' }) => Date.parse(expiresAt) > frontrow.now());
    rememberBookings(purchase, of('CONFIRMED').reverse());
    for (const { id } of of('RETURNED')) forgetBooking(purchase, id);
    showBookings(purchase);
  } catch (fault) {
    // A session that has ended, or a lost connection: the purchase itself reports both.
    if (!(fault instanceof FrontrowError)) throw fault;
  }
}

/** Continues a hold that was made elsewhere, as if this browser had requested it. The one that is shown stays held. */
export function adoptHold(purchase: PurchaseContext, { id, seats, userId }: Booking): void {
  const { state, stored } = purchase;
  if (state.step === 'sending' || state.step === 'queued' || isChangingHold(state)) return;
  const owner = userId ?? storedSession().read()?.id;
  if (owner === undefined) return;
  stored.write({ key: randomKey(), wish: { seats }, userId: owner, ticketId: id });
  resumeStored(purchase);
  void loadOwnBookings(purchase); // the one that was shown before may be live
}
