import { type Backoff, backoffMs } from './backoff.ts';
import type { ClientMessage, ServerMessage } from './contract.ts';
import { openWebSocket, type PlainSocket } from './page.ts';

type Timer = ReturnType<typeof setTimeout>;

/**
 * The states of a connection, and the transitions between them:
 *
 * - `closed`: nothing connects. `connect()` → `connecting`.
 * - `connecting`: a WebSocket opens. It opens → `open`. It fails, or stays silent until its deadline → `waiting`.
 * - `open`: messages pass. The WebSocket closes, a deadline passes, or `fail()` → `waiting`.
 * - `waiting`: the backoff after a failure. Its timer or `connect()` → `connecting`.
 *
 * From every state, `close()` → `closed`.
 */
type State =
  | { name: 'closed' }
  | { name: 'connecting' | 'open'; webSocket: PlainSocket; deadline: Timer | undefined }
  | { name: 'waiting'; timer: Timer };

type Options = {
  /** The address of the API. */
  baseUrl: string;
  backoff: Backoff;
  /** Milliseconds in which a new connection must bring an answer. */
  answerMs: number;
  onOpen: () => void;
  onMessage: (message: ServerMessage) => void;
  /** The connection failed and is retried. */
  onFailure: () => void;
};

/** A WebSocket to the API that reconnects, with longer pauses until the server answers. */
export function createSocket({ baseUrl, backoff, answerMs, onOpen, onMessage, onFailure }: Options) {
  let state: State = { name: 'closed' };
  let failures = 0;

  function connect(): void {
    if (state.name === 'connecting' || state.name === 'open') return;
    leave(state);
    try {
      const webSocket = openWebSocket(new URL('/ws', baseUrl.replace(/^http/, 'ws')));
      webSocket.onopen = () => {
        if ('webSocket' in state) state.name = 'open';
        onOpen();
      };
      webSocket.onmessage = ({ data }) => onMessage(JSON.parse(data) as ServerMessage);
      webSocket.onclose = fail;
      webSocket.onerror = () => {};
      state = { name: 'connecting', webSocket, deadline: setTimeout(fail, answerMs) };
    } catch {
      fail(); // Node 20 has no WebSocket, and a browser may be set to open none
    }
  }

  function fail(): void {
    leave(state);
    state = { name: 'waiting', timer: setTimeout(connect, backoffMs(failures, backoff)) };
    failures += 1;
    onFailure();
  }

  return {
    connect,
    /** Gives the connection up and reconnects after the backoff. */
    fail,
    close(): void {
      leave(state);
      state = { name: 'closed' };
    },
    isOpen: () => state.name === 'open',
    /** Sends a message; drops it unless the connection is open. */
    send(message: ClientMessage): void {
      if (state.name === 'open') state.webSocket.send(JSON.stringify(message));
    },
    /** Gives the connection up unless `answered` is called in time: a connection can die without a close. */
    expectAnswer(withinMs: number): void {
      if (!('webSocket' in state)) return;
      clearTimeout(state.deadline);
      state.deadline = setTimeout(fail, withinMs);
    },
    /** Ends the deadline and resets the backoff. */
    answered(): void {
      failures = 0;
      if ('webSocket' in state) clearTimeout(state.deadline);
    },
  };
}

export type Socket = ReturnType<typeof createSocket>;

/** Frees the resources of a state. An abandoned WebSocket calls nothing any more. */
function leave(state: State): void {
  if (state.name === 'closed') return;
  if (state.name === 'waiting') {
    clearTimeout(state.timer);
    return;
  }
  const { webSocket, deadline } = state;
  clearTimeout(deadline);
  webSocket.onopen = null;
  webSocket.onmessage = null;
  webSocket.onclose = null;
  webSocket.close();
}
