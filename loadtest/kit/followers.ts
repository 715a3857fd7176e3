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

/** Sockets of a herd: each follows as many tickets as the contract lets it. */
const SOCKETS = 4;

/** Follows over WebSocket. A socket that breaks is opened again and subscribes to what it still waits for. */
export function followBySocket(urls: readonly string[], onOutcome: OnOutcome): Follower {
  const sockets = Array.from({ length: SOCKETS }, (_, i) =>
    createSocket(String(urls[i % urls.length]).replace(/^http/, 'ws'), onOutcome),
  );
  let turn = 0;
  return {
    async follow(ticketId) {
      turn = (turn + 1) % SOCKETS;
      await sockets[turn]?.follow(ticketId);
    },
    async close() {
      for (const socket of sockets) socket.close();
    },
  };
}

function createSocket(url: string, onOutcome: OnOutcome) {
  const waiting = new Set<string>();
  let socket: WebSocket | undefined;
  let raw: Duplex | undefined;
  let closed = false;

  function open(): void {
    const opened = new WebSocket(`${url}/ws`, { perMessageDeflate: false });
    opened.on('upgrade', (response) => {
      raw = response.socket;
    });
    opened.on('open', () => {
      socket = opened;
      for (const ticketId of waiting) subscribe(ticketId);
    });
    opened.on('message', (data) => {
      const text = String(data);
      if (text.includes('"status":"queued"')) return; // the state at once; what is waited for comes after
      const message = JSON.parse(text) as ServerMessage; // who counts outcomes checks them, when the load is over
      if (message.type === 'error') {
        // What the API could not read for now is asked again; a ticket that nobody knows has no outcome, ever.
        const { ticketId, code } = message;
        if (ticketId !== undefined && code !== 'TICKET_UNKNOWN') setTimeout(() => subscribe(ticketId), 500);
        return;
      }
      if (message.type !== 'ticket') return;
      const { type: _type, ...view } = message;
      if (waiting.delete(view.ticketId)) onOutcome(view);
    });
    opened.on('error', () => undefined); // followed by close
    opened.on('close', () => {
      socket = undefined;
      if (!closed) setTimeout(open, 200);
    });
  }

  function subscribe(ticketId: string): void {
    if (!waiting.has(ticketId) || socket === undefined) return;
    if (raw?.writableCorked === 0) {
      // Subscriptions of one turn of the event loop leave in one write: a herd's generator shares its cores with the herd.
      raw.cork();
      setImmediate(() => raw?.uncork());
    }
    socket.send(JSON.stringify({ type: 'subscribe', ticketId }));
  }

  open();
  return {
    async follow(ticketId: string): Promise<void> {
      while (waiting.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) await sleep(5);
      waiting.add(ticketId);
      subscribe(ticketId);
    },
    close(): void {
      closed = true;
      socket?.close();
    },
  };
}

/** Follows by long polls over so many connections. A poll that fails is made again. */
export function followByPolling(urls: readonly string[], connections: number, onOutcome: OnOutcome): Follower {
  const pools = urls.map((url) => new Pool(url, { pipelining: 1 }));
  let turn = 0;
  let waiting = 0;
  let closed = false;

  async function poll(ticketId: string): Promise<void> {
    while (!closed) {
      turn = (turn + 1) % pools.length;
      try {
        const { body } = await (pools[turn] as Pool).request({
          path: `/api/tickets/${ticketId}?wait=30`,
          method: 'GET',
        });
        const view = ticketView.parse(await body.json());
        if (view.status !== 'queued') return onOutcome(view);
      } catch {
        await sleep(200); // the API is away, or does not know the ticket: the herd's own deadline ends this
      }
    }
  }

  return {
    async follow(ticketId) {
      while (waiting >= connections) await sleep(1);
      waiting += 1;
      void poll(ticketId).finally(() => {
        waiting -= 1;
      });
    },
    async close() {
      closed = true;
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}
