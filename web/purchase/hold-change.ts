import { FrontrowError, randomKey } from '../../client/src/index.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { frontrow } from '../frontrow.ts';
import { texts } from '../texts/texts.ts';
import { afterRefusedChange, type HoldChange, isChangingHold } from './purchase-state.ts';
import { type PurchaseContext, readBooking, requireLogin, run, show, takeBooking } from './purchase-steps.ts';

/** Confirms, extends or cancels the hold, under one idempotency key however often the request is sent. */
export function changeHold(purchase: PurchaseContext, change: HoldChange): void {
  const { state } = purchase;
  if (state.step !== 'held' || isChangingHold(state)) return;
  const { booking } = state;
  purchase.changeCount += 1;
  show(purchase, { step: 'held', booking, change });
  // Until its ticket is settled nothing else can be done with the booking.
  const onQueued = () => show(purchase, { step: 'held', booking, change, isQueued: true });
  const sent = { key: randomKey(), userId: purchase.stored.read()?.userId, onQueued };
  run(purchase, async (following) => {
    try {
      takeChanged(purchase, change, booking, await frontrow[change](booking.id, { ...following, ...sent }));
    } catch (fault) {
      if (!(fault instanceof FrontrowError)) throw fault;
      const next = afterRefusedChange(fault);
      if (next.action === 'log in') requireLogin(purchase);
      else readBooking(purchase, next.problem, true);
    }
  });
}

function takeChanged(purchase: PurchaseContext, change: HoldChange, before: Booking, after: Booking): void {
  const isUnchanged = change === 'extend' && after.expiresAt === before.expiresAt;
  takeBooking(purchase, after, isUnchanged ? texts.purchase.cannotExtend : undefined);
}
