import type { ClientMessage } from '../../../client/src/index.ts';
import { createSocket } from '../../../client/src/socket.ts';
import type { ServerMessage } from '../../../shared/contract/messages.ts';
import type { Overview } from '../../../shared/contract/overview.ts';
import { storedAdminToken } from '../../stored-values.ts';
import { type Point, withOverview } from './history.ts';

/** The state of the system as this page last heard it. */
export type Live = {
  /** Undefined until the first one came. */
  overview: Overview | undefined;
  /** A quarter of an hour of overviews, the oldest first. */
  history: Point[];
  /** The connection failed and is retried: the overview is old. */
  isLost: boolean;
  /** Why the server sends none for now. */
  refusal: string | undefined;
};

export const NOT_LIVE: Live = { overview: undefined, history: [], isLost: false, refusal: undefined };

const RECONNECT = { firstMs: 500, maxMs: 10_000 };

/** Milliseconds without an overview after which a connection counts as dead: one comes each second. */
const SILENCE_MS = 5_000;

/** Milliseconds until the next attempt where the server has too many connections: another operator may leave. */
const OVERLOAD_PAUSE_MS = 10_000;

/**
 * The overviews that the server sends each second.
 *
 * @param show is called with each change
 * @param leave is called when the operator's key is refused
 */
export function createOverviewStream(show: (live: Live) => void, leave: (refusal?: string) => void) {
  let live = NOT_LIVE;
  let overloadTimer: ReturnType<typeof setTimeout> | undefined;
  const socket = createSocket({
    baseUrl: location.origin,
    backoff: RECONNECT,
    answerMs: SILENCE_MS,
    onOpen: () => socket.send(requestWith(storedAdminToken().read())),
    onMessage: receive,
    onFailure: () => update({ ...live, isLost: true }),
  });
  socket.connect();

  function update(next: Live): void {
    live = next;
    show(live);
  }

  function receive(message: ServerMessage): void {
    if (message.type === 'overview') takeOverview(message);
    else if (message.type === 'error') takeRefusal(message.code, message.error);
  }

  function takeOverview(overview: Overview): void {
    socket.answered();
    socket.expectAnswer(SILENCE_MS);
    update({ overview, history: withOverview(live.history, overview), isLost: false, refusal: undefined });
  }

  function takeRefusal(code: string, error: string): void {
    socket.close();
    if (code === 'UNAUTHENTICATED' || code === 'FORBIDDEN') {
      leave(error);
    } else {
      update({ ...live, isLost: true, refusal: error });
      overloadTimer = setTimeout(() => socket.connect(), OVERLOAD_PAUSE_MS);
    }
  }

  return {
    stop(): void {
      clearTimeout(overloadTimer);
      socket.close();
    },
  };
}

const requestWith = (token: string | undefined): ClientMessage =>
  token === undefined ? { type: 'operate' } : { type: 'operate', token };
