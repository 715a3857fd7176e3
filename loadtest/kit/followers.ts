import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import type { ServerMessage } from '../../shared/contract/messages.ts';
import { type TicketView, ticketView } from '../../shared/contract/tickets.ts';

/** Follows tickets to their outcomes, in one of a client's two ways. */
export type Follower = {
  /** Follows a ticket; resolves once there is room for more. */
  follow: (ticketId: string) => Promise<void>;
  close: () => Promise<void>;
};

type OnOutcome = (view: TicketView) => void;

/** Sockets of a herd. Each follows as many tickets as the contract allows. */
const SOCKETS = 4;

/** Milliseconds until a closed socket is opened again, a failed poll is repeated, and a ticket subscribed again. */
const REOPEN_MS = 200;
const RETRY_MS = 200;
const RESUBSCRIBE_MS = 500;

/** Follows over WebSocket. A socket that breaks is opened again and subscribes to the tickets without an outcome. */
export function followBySocket(urls: readonly string[], onOutcome: OnOutcome): Follower {
  const sockets = Array.from({ length: SOCKETS }, (_, i) =>
    createSocket(String(urls[i % urls.length]).replace(/^http/, 'ws'), onOutcome),
  );
  let next = 0;
  return {
    async follow(ticketId) {
      next = (next + 1) % SOCKETS;
      await sockets[next]?.follow(ticketId);
    },
    async close() {
      for (const socket of sockets) socket.close();
    },
  };
}

function createSocket(url: string, onOutcome: OnOutcome) {
  const pendingIds = new Set<string>();
  let socket: WebSocket | undefined;
  let raw: Duplex | undefined;
  let isClosed = false;

  function receive(text: string): void {
    if (text.includes('"status":"queued"')) return; // the present state; the outcome follows
    const message = JSON.parse(text) as ServerMessage; // outcomes are checked when the load is over
    if (message.type === 'error') {
      // A ticket that the API could not read for now is subscribed again. An unknown ticket never has an outcome.
      const { ticketId, code } = message;
      if (ticketId !== undefined && code !== 'TICKET_UNKNOWN') setTimeout(() => subscribe(ticketId), RESUBSCRIBE_MS);
      return;
    }
    if (message.type !== 'ticket') return;
    const { type: _type, ...view } = message;
    if (pendingIds.delete(view.ticketId)) onOutcome(view);
  }

  function open(): void {
    const opened = new WebSocket(`${url}/ws`, { perMessageDeflate: false });
    opened.on('upgrade', (response) => {
      raw = response.socket;
    });
    opened.on('open', () => {
      socket = opened;
      for (const ticketId of pendingIds) subscribe(ticketId);
    });
    opened.on('message', (data) => receive(String(data)));
    opened.on('error', () => undefined); // followed by close
    opened.on('close', () => {
      socket = undefined;
      if (!isClosed) setTimeout(open, REOPEN_MS);
    });
  }

  function subscribe(ticketId: string): void {
    if (!pendingIds.has(ticketId) || socket === undefined) return;
    if (raw?.writableCorked === 0) {
      // Subscriptions of one turn of the event loop leave in one write: the generator shares its cores with the system.
      raw.cork();
      setImmediate(() => raw?.uncork());
    }
    socket.send(JSON.stringify({ type: 'subscribe', ticketId }));
  }

  open();
  return {
    async follow(ticketId: string): Promise<void> {
      while (pendingIds.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) await sleep(5);
      pendingIds.add(ticketId);
      subscribe(ticketId);
    },
    close(): void {
      isClosed = true;
      socket?.close();
    },
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
