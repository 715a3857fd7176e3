import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import { type ClientMessage, SESSION_TOKEN_HEADER, type ServerMessage } from '../../shared/contract/messages.ts';
import { type TicketView, ticketView } from '../../shared/contract/tickets.ts';

/**
 * Follows tickets to their outcomes, in one of a client's ways. Not by the client package: a herd shares its cores with
 * the system, so a follower costs as little as it can, and repeats nothing by itself.
 */
export type Follower = {
  /**
   * Follows the ticket of the request with this number; resolves once there is room for more.
   *
   * @param isFollowed whether the answer to the request leaves it to its session to follow the ticket
   */
  follow: (ticketId: string, index: number, isFollowed: boolean) => Promise<void>;
  close: () => Promise<void>;
};

type OnOutcome = (view: TicketView) => void;

/** Sockets of a herd. Each follows as many tickets as the contract allows. */
const SOCKETS = 4;

/** Milliseconds until a closed socket is opened again, a failed poll is repeated, and a ticket subscribed again. */
const REOPEN_MS = 200;
const RETRY_MS = 200;
const RESUBSCRIBE_MS = 500;

/** Follows over WebSocket by a subscription to each ticket. */
export function followBySocket(urls: readonly string[], onOutcome: OnOutcome) {
  const sockets = openSockets(urls, onOutcome, false);
  let next = 0;
  return {
    async follow(ticketId: string): Promise<void> {
      next = (next + 1) % SOCKETS;
      await sockets[next]?.follow(ticketId, false);
    },
    close: () => closeAll(sockets),
  };
}

/** Follows over WebSocket by sessions: no message for each ticket. Resolves once each socket has its session. */
export async function followBySession(urls: readonly string[], onOutcome: OnOutcome) {
  const sockets = openSockets(urls, onOutcome, true);
  const announced = new Map<number, Announced>(); // of requests without an answer
  const socketOf = (index: number) => sockets[index % SOCKETS] as FollowingSocket;
  await Promise.all(sockets.map((socket) => socket.untilSession()));
  return {
    /** The headers of the request with this number. */
    headersOf(index: number): Record<string, string> {
      const latest = socketOf(index).announced();
      announced.set(index, latest);
      return { [SESSION_TOKEN_HEADER]: latest.token };
    },
    async follow(ticketId: string, index: number, isFollowed: boolean): Promise<void> {
      const socket = socketOf(index);
      const isLatest = announced.get(index) === socket.announced();
      announced.delete(index);
      await socket.follow(ticketId, isFollowed && isLatest);
    },
    close: () => closeAll(sockets),
  };
}

type FollowingSocket = ReturnType<typeof createSocket>;

/** A message that announced the token of a session: the same token may be announced again. */
type Announced = { token: string };

const openSockets = (urls: readonly string[], onOutcome: OnOutcome, usesSession: boolean): FollowingSocket[] =>
  Array.from({ length: SOCKETS }, (_, i) =>
    createSocket(String(urls[i % urls.length]).replace(/^http/, 'ws'), onOutcome, usesSession),
  );

async function closeAll(sockets: readonly FollowingSocket[]): Promise<void> {
  for (const socket of sockets) socket.close();
}

/** A WebSocket that is opened again when it breaks. */
function openReconnecting(url: string, onOpen: () => void, onText: (text: string) => void) {
  let socket: WebSocket | undefined;
  let raw: Duplex | undefined;
  let isClosed = false;

  function open(): void {
    const opened = new WebSocket(`${url}/ws`, { perMessageDeflate: false });
    opened.on('upgrade', (response) => {
      raw = response.socket;
    });
    opened.on('open', () => {
      socket = opened;
      onOpen();
    });
    opened.on('message', (data) => onText(String(data)));
    opened.on('error', () => undefined); // followed by close
    opened.on('close', () => {
      socket = undefined;
      if (!isClosed) setTimeout(open, REOPEN_MS);
    });
  }

  open();
  return {
    /** Sends a message, unless the socket is closed for now. */
    send(message: ClientMessage): void {
      if (socket === undefined) return;
      if (raw?.writableCorked === 0) {
        // Messages of one turn of the event loop leave in one write: the generator shares its cores with the system.
        raw.cork();
        setImmediate(() => raw?.uncork());
      }
      socket.send(JSON.stringify(message));
    },
    close(): void {
      isClosed = true;
      socket?.close();
    },
  };
}

/** A socket that follows tickets. When it is opened again it subscribes to those without an outcome. */
function createSocket(url: string, onOutcome: OnOutcome, usesSession: boolean) {
  const pendingIds = new Set<string>();
  /** Outcomes that came before the answer to their request, by ticket. */
  const early = new Map<string, TicketView>();
  let announced: Announced | undefined;

  function subscribe(ticketId: string): void {
    if (pendingIds.has(ticketId)) socket.send({ type: 'subscribe', ticketId });
  }

  function subscribeAll(): void {
    for (const ticketId of pendingIds) subscribe(ticketId);
  }

  function receive(text: string): void {
    if (text.includes('"status":"queued"')) return; // the present state; the outcome follows
    const message = JSON.parse(text) as ServerMessage; // outcomes are checked when the load is over
    if (message.type === 'error') {
      // A ticket that the API could not read for now is subscribed again. An unknown ticket never has an outcome.
      const { ticketId, code } = message;
      if (ticketId !== undefined && code !== 'TICKET_UNKNOWN') setTimeout(() => subscribe(ticketId), RESUBSCRIBE_MS);
    } else if (message.type === 'session') {
      announced = message;
      subscribeAll();
    } else if (message.type === 'ticket') {
      const { type: _type, ...view } = message;
      if (pendingIds.delete(view.ticketId)) onOutcome(view);
      else if (usesSession) early.set(view.ticketId, view);
    }
  }

  const socket = openReconnecting(
    url,
    () => (usesSession ? socket.send({ type: 'session' }) : subscribeAll()),
    receive,
  );
  return {
    async untilSession(): Promise<void> {
      while (announced === undefined) await sleep(5);
    },

    /** The latest announcement, once there is one. Requests before it may have been missed. */
    announced: () => announced as Announced,

    async follow(ticketId: string, isFollowed: boolean): Promise<void> {
      const outcome = early.get(ticketId);
      if (outcome !== undefined) {
        early.delete(ticketId);
        return onOutcome(outcome);
      }
      if (isFollowed) pendingIds.add(ticketId);
      while (pendingIds.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) await sleep(5);
      if (isFollowed) return;
      pendingIds.add(ticketId);
      subscribe(ticketId);
    },

    close: (): void => socket.close(),
  };
}

/** Follows by long polls over so many connections. A poll that fails is repeated. */
export function followByPolling(urls: readonly string[], connections: number, onOutcome: OnOutcome): Follower {
  const pools = urls.map((url) => new Pool(url, { pipelining: 1 }));
  let next = 0;
  let pending = 0;
  let isClosed = false;

  async function poll(ticketId: string): Promise<void> {
    while (!isClosed) {
      next = (next + 1) % pools.length;
      try {
        const path = `/api/tickets/${ticketId}?wait=30`;
        const { body } = await (pools[next] as Pool).request({ path, method: 'GET' });
        const view = ticketView.parse(await body.json());
        if (view.status !== 'queued') return onOutcome(view);
      } catch {
        await sleep(RETRY_MS); // the API is unreachable, or does not know the ticket: the herd's deadline ends this
      }
    }
  }

  return {
    async follow(ticketId) {
      while (pending >= connections) await sleep(1);
      pending += 1;
      void poll(ticketId).finally(() => {
        pending -= 1;
      });
    },
    async close() {
      isClosed = true;
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}
