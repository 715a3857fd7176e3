import type { Reader } from '../auth/identity.ts';
import type { OutcomeListener } from './outcome-listeners.ts';
import type { TicketState } from './ticket-state.ts';

/** The end of a wait: after `seconds`, or when its client has closed the connection. */
export type WaitLimit = { seconds: number; closed: AbortSignal };

/** HTTP requests that wait for the outcome of a ticket. */
export function createLongPolls(deps: {
  follow: (ticketId: string, listener: OutcomeListener) => () => void;
  read: (ticketId: string, reader: Reader) => Promise<TicketState>;
  /** Aborted when the node stops: then each wait ends with the state that it has read. */
  stopping: AbortSignal;
}) {
  const { follow, read, stopping } = deps;

  /**
   * Resolves with the state of a ticket once it has its outcome, or at the limit. The listener is added before the
   * first read, so that no outcome falls between them, and the ticket is read again at the end: a lost message costs
   * time only.
   *
   * @param readFirst the first read
   * @throws ApiError TICKET_UNKNOWN (also where the reader may not read it), OVERLOADED
   */
  return async function waitForOutcome(
    ticketId: string,
    reader: Reader,
    { seconds, closed }: WaitLimit,
    readFirst: (ticketId: string, reader: Reader) => TicketState | Promise<TicketState> = read,
  ): Promise<TicketState> {
    const signal = AbortSignal.any([closed, stopping]);
    const { promise, resolve } = withResolvers<string | undefined>();
    const unfollow = follow(ticketId, resolve);
    const giveUp = () => resolve(undefined);
    const timer = setTimeout(giveUp, seconds * 1000);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const state = await readFirst(ticketId, reader);
      if (state.settled) return state;
      const outcome = await promise;
      if (outcome !== undefined) return { settled: true, outcome };
      return signal.aborted ? state : await read(ticketId, reader);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      unfollow();
    }
  };
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
