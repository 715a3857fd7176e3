import { MAX_WATCHES_PER_SOCKET } from '../../shared/contract/limits.ts';
import { errorMessage } from '../../shared/contract/messages.ts';
import { ApiError } from '../http/errors.ts';
import { noteFollowing, noteUnfollowed, readCharged, refuse, type Session } from './socket-session.ts';

/** Sends a socket the changes of an event's seats, after the version from which they are sent. */
export async function watchSeats(session: Session, eventId: number): Promise<void> {
  const { services, sender, events } = session;
  const watched = events.get(eventId);
  if (watched !== undefined) {
    // A repeated `watch` is a liveness check: answer it. Changes of a newer version may still be collected.
    if (watched.version !== undefined) sender.send({ type: 'watching', eventId, version: watched.version });
    return;
  }
  if (events.size >= MAX_WATCHES_PER_SOCKET)
    return sender.send(errorMessage('OVERLOADED', 'Too many events are watched on this socket.', { eventId }));
  events.set(eventId, { version: undefined, unwatch: () => undefined });
  noteFollowing(session);
  try {
    await readCharged(session, () => requireEvent(session, eventId));
    const { version, unwatch } = await services.seatFeed.watch(eventId, (message, newest) =>
      sender.sendSeats(eventId, message, newest),
    );
    if (session.state === 'CLOSED') return unwatch();
    events.set(eventId, { version, unwatch });
    sender.send({ type: 'watching', eventId, version });
  } catch (fault) {
    events.delete(eventId);
    noteUnfollowed(session);
    refuse(session, fault, { eventId });
  }
}

async function requireEvent({ services }: Session, eventId: number): Promise<void> {
  if ((await services.events.layout(eventId)) === undefined) throw new ApiError('EVENT_UNKNOWN');
}
