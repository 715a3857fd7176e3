import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import { errorMessage } from '../../shared/contract/messages.ts';
import { settledView } from '../../shared/domain/outcome-text.ts';
import { jsonOfState } from '../tickets/ticket-state.ts';
import { noteFollowing, noteUnfollowed, readCharged, refuse, type Session } from './socket-session.ts';

/**
 * Tickets that all sockets of one API process follow, some 100 MB. Past that each socket may still follow a few, so
 * that a client that follows many does not keep out one that follows one.
 */
const MAX_SUBSCRIPTIONS = 200_000;
const MAX_FEW_SUBSCRIPTIONS = 10;

/**
 * Subscribes a socket to a ticket: sends its state at once, then its outcome. The listener is added before the state is
 * read, so that no outcome falls between them. Until the read has shown that the socket's user may read the ticket, an
 * outcome that arrives is held back.
 */
export async function subscribeToTicket(session: Session, ticketId: string): Promise<void> {
  const { services, sender, reader, tickets } = session;
  if (tickets.has(ticketId)) return;
  const refusal = subscriptionRefusal(tickets.size, services.followed.tickets);
  if (refusal !== undefined) return sender.send(errorMessage('OVERLOADED', refusal, { ticketId }));
  const known = services.outcomes.knownState(ticketId, reader);
  if (known?.settled) return sender.sendTicket(jsonOfState(ticketId, known));

  let isReadable = false;
  let heldBack: string | undefined;
  const unfollow = services.outcomes.follow(ticketId, (outcome) => {
    if (!isReadable) {
      heldBack = outcome;
      return;
    }
    removeSubscription(session, ticketId);
    sender.sendTicket(settledView(ticketId, outcome));
  });
  addSubscription(session, ticketId, unfollow);
  try {
    const state = known ?? (await readCharged(session, () => services.outcomes.read(ticketId, reader)));
    isReadable = true;
    sender.sendTicket(heldBack === undefined ? jsonOfState(ticketId, state) : settledView(ticketId, heldBack));
    if (state.settled || heldBack !== undefined) endSubscription(session, ticketId);
  } catch (fault) {
    endSubscription(session, ticketId);
    refuse(session, fault, { ticketId });
  }
}

/** Why a socket may not follow one more ticket; undefined where it may. */
export function subscriptionRefusal(ofSocket: number, ofProcess: number): string | undefined {
  if (ofSocket >= MAX_SUBSCRIPTIONS_PER_SOCKET) return 'Too many subscriptions on this socket.';
  if (ofProcess >= MAX_SUBSCRIPTIONS && ofSocket >= MAX_FEW_SUBSCRIPTIONS)
    return 'Too many subscriptions on this server. Poll the ticket over HTTP.';
  return undefined;
}

function addSubscription(session: Session, ticketId: string, unfollow: () => void): void {
  session.tickets.set(ticketId, unfollow);
  session.services.followed.tickets += 1;
  noteFollowing(session);
}

function endSubscription(session: Session, ticketId: string): void {
  session.tickets.get(ticketId)?.();
  removeSubscription(session, ticketId);
}

/** Removes a subscription whose listener is removed already, or is about to be. */
function removeSubscription(session: Session, ticketId: string): void {
  if (!session.tickets.delete(ticketId)) return;
  session.services.followed.tickets -= 1;
  noteUnfollowed(session);
}
