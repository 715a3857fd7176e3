import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import { errorMessage } from '../../shared/contract/messages.ts';
import { settledView } from '../../shared/domain/outcome-text.ts';
import { jsonOfState, type TicketState } from '../tickets/ticket-state.ts';
import { noteFollowing, noteUnfollowed, readCharged, refuse, type Session } from './socket-session.ts';

/**
 * Tickets that all sockets of one API process follow, some 100 MB. Past that each socket may still follow a few, so
 * that a client that follows many does not keep out one that follows one.
 */
const MAX_SUBSCRIPTIONS = 200_000;
const MAX_FEW_SUBSCRIPTIONS = 10;

/** Subscribes a socket to a ticket: sends its state at once, then its outcome. */
export function subscribeToTicket(session: Session, ticketId: string): void {
  follow(session, ticketId, true);
}

/**
 * Opens the session of a socket: it follows each ticket whose request carries the token. Their queued state is not
 * sent, the answers to the requests have it. A repeated `session` is a liveness check: answer it.
 */
export function openTicketSession(session: Session): void {
  const { services, sender } = session;
  const announce = (token: string) => sender.send({ type: 'session', token });
  session.token ??= services.sessions.open({ announce, follow: (ticketId) => follow(session, ticketId, false) });
  noteFollowing(session);
  announce(session.token);
}

/** A followed ticket. Until its state has shown that the socket's user may read it, its outcome is held back. */
type Subscription = { isReadable: boolean; heldBack: string | undefined };

/**
 * Follows a ticket. The listener is added before the state is read, so that no outcome falls between them.
 *
 * @param sendsQueued whether the state is sent while it is queued
 * @returns false where the ticket is not followed: the socket closes, or follows too many
 */
function follow(session: Session, ticketId: string, sendsQueued: boolean): boolean {
  const { services, socket, sender, reader, tickets } = session;
  if (socket.readyState !== socket.OPEN) return false;
  if (tickets.has(ticketId)) return true;
  const refusal = subscriptionRefusal(tickets.size, services.followed.tickets);
  if (refusal !== undefined) {
    sender.send(errorMessage('OVERLOADED', refusal, { ticketId }));
    return false;
  }
  const known = services.outcomes.knownState(ticketId, reader);
  if (known?.settled) {
    sendTicket(session, jsonOfState(ticketId, known));
    return true;
  }
  const subscription = addSubscription(session, ticketId);
  if (known === undefined) {
    void readSubscribed(session, ticketId, subscription, sendsQueued);
  } else {
    subscription.isReadable = true;
    if (sendsQueued) sendTicket(session, jsonOfState(ticketId, known));
  }
  return true;
}

/** Reads the state of a ticket that this node does not know, and sends what the client has not got yet. */
async function readSubscribed(
  session: Session,
  ticketId: string,
  subscription: Subscription,
  sendsQueued: boolean,
): Promise<void> {
  const { services, reader } = session;
  try {
    const state = await readCharged(session, () => services.outcomes.read(ticketId, reader));
    subscription.isReadable = true;
    const { heldBack } = subscription;
    const latest: TicketState = heldBack === undefined ? state : { settled: true, outcome: heldBack };
    if (latest.settled) endSubscription(session, ticketId);
    if (latest.settled || sendsQueued) sendTicket(session, jsonOfState(ticketId, latest));
  } catch (fault) {
    endSubscription(session, ticketId);
    refuse(session, fault, { ticketId });
  }
}

/** Sends the view of a ticket, as JSON. The name of a shop's customer may have to be read first. */
function sendTicket({ services, sender }: Session, json: string): void {
  const shown = services.buyerNames.shownText(json);
  if (typeof shown === 'string') sender.sendTicket(shown);
  else void shown.then(sender.sendTicket);
}

/** Why a socket may not follow one more ticket; undefined where it may. */
export function subscriptionRefusal(ofSocket: number, ofProcess: number): string | undefined {
  if (ofSocket >= MAX_SUBSCRIPTIONS_PER_SOCKET) return 'Too many subscriptions on this socket.';
  if (ofProcess >= MAX_SUBSCRIPTIONS && ofSocket >= MAX_FEW_SUBSCRIPTIONS)
    return 'Too many subscriptions on this server. Poll the ticket over HTTP.';
  return undefined;
}

function addSubscription(session: Session, ticketId: string): Subscription {
  const { services, tickets } = session;
  const subscription: Subscription = { isReadable: false, heldBack: undefined };
  const unfollow = services.outcomes.follow(ticketId, (outcome) => {
    if (!subscription.isReadable) {
      subscription.heldBack = outcome;
      return;
    }
    removeSubscription(session, ticketId);
    sendTicket(session, settledView(ticketId, outcome));
  });
  tickets.set(ticketId, unfollow);
  services.followed.tickets += 1;
  noteFollowing(session);
  return subscription;
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
