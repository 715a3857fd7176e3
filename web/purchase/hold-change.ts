import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import { refusalText } from '../refusal-text.ts';
import { changeUnderKey, get, randomId } from '../requests.ts';
import { texts } from '../texts/texts.ts';
import { afterFailedChange, type HoldChange, isChangingHold } from './purchase-state.ts';
import { POLL_MS, type PurchaseContext, readBooking, requireLogin, show, takeBooking } from './purchase-steps.ts';

/** Confirms, extends or cancels the hold, under one idempotency key however often the request is sent. */
export function changeHold(purchase: PurchaseContext, change: HoldChange): void {
  const { state } = purchase;
  if (state.step !== 'held' || isChangingHold(state)) return;
  purchase.changeCount += 1;
  show(purchase, { step: 'held', booking: state.booking, change });
  void sendChange(purchase, state.booking, change, randomId());
}

async function sendChange(purchase: PurchaseContext, booking: Booking, change: HoldChange, key: string): Promise<void> {
  const { timer, stored } = purchase;
  timer.cancel();
  const method = change === 'cancel' ? 'DELETE' : 'POST';
  const path = `/api/bookings/${booking.id}${change === 'cancel' ? '' : `/${change}`}`;
  const body = { userId: stored.read()?.userId };
  try {
    const { isDone, answer } = await changeUnderKey<Booking & { ticketId: string }>(method, path, key, body);
    timer.succeeded();
    if (!isDone) return await followChange(purchase, booking, change, answer.ticketId);
    const isUnchanged = change === 'extend' && answer.expiresAt === booking.expiresAt;
    takeBooking(purchase, answer, isUnchanged ? texts.purchase.cannotExtend : undefined);
  } catch (fault) {
    handleFailedChange(purchase, fault, () => sendChange(purchase, booking, change, key), 'INTERNAL');
  }
}

/** Polls the ticket of a change. Until it is settled nothing else can be done with the booking. */
async function followChange(
  purchase: PurchaseContext,
  booking: Booking,
  change: HoldChange,
  ticketId: string,
): Promise<void> {
  if (purchase.isStopped) return;
  const follow = () => followChange(purchase, booking, change, ticketId);
  try {
    const { status, code } = await get<TicketView>(`/api/tickets/${ticketId}`);
    purchase.timer.succeeded();
    if (status !== 'queued') return await readBooking(purchase, code && refusalText({ code }), true);
    show(purchase, { step: 'held', booking, change, isQueued: true });
    purchase.timer.schedule(POLL_MS.withoutSocket, follow);
  } catch (fault) {
    handleFailedChange(purchase, fault, follow);
  }
}

function handleFailedChange(
  purchase: PurchaseContext,
  fault: unknown,
  retry: () => Promise<void>,
  finalCode?: 'INTERNAL',
) {
  const { state, timer } = purchase;
  const next = afterFailedChange(fault, finalCode);
  switch (next.action) {
    case 'log in':
      return requireLogin(purchase);
    case 'read booking':
      return void readBooking(purchase, next.problem, true);
    case 'retry':
      if (state.step === 'held') show(purchase, { ...state, trouble: next.trouble });
      return timer.retry(retry, next.leastMs);
  }
}
