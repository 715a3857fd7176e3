import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import { createConnection } from '../../kit/connection.ts';
import { CONTINUATION, frameOf, PONG, readAnswer, TEXT, UPGRADE } from '../../kit/wire-format.ts';

/**
 * The target of an attack. `wantedSeat` is free, and others want it; `email` is the account of an honest user;
 * `eventId` has a waiting room, `guardedId` one that requires work. `readKey` is the attacker's key, with scope `read`.
 */
export type Victim = {
  url: string;
  takenSeat: string;
  wantedSeat: string;
  email: string;
  eventId: number;
  guardedId: number;
  readKey: string;
};

/** How often something was sent, answered or refused. */
export type Counts = Record<string, number>;

/** A running attack. It ends with the signal. */
type Scene = { victim: Victim; counts: Counts; signal: AbortSignal };

export type Attack = {
  about: string;
  /** The line that an honest visitor joins meanwhile, and the bound of the wait for the turn. */
  visit?: { line: 'eventId' | 'guardedId'; boundSeconds: number };
  run: (scene: Scene) => Promise<void>;
};

/** Milliseconds after which an attacker whose connection was refused tries again. */
const RETRY_MS = 20;

/** Milliseconds after which an attacker opens a closed connection again. */
const REOPEN_MS = 1_000;

/** Milliseconds between two tries of a hoarder's connection: below the limit of its address. */
const GRAB_MS = 120;

/**
 * Milliseconds for which a hoarder keeps a hold: so long that a buyer who retries once a second seldom meets the moment
 * of its end.
 */
const HOARDED_MS = 2_000;

/** The first of a hoarder's addresses: no other attack has used up their limits. */
const HOARDER_ADDRESS = 32;

/** Bytes that an attacking socket leaves unsent before it waits: enough to keep the server reading. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** Writes of one attacking connection in one turn of the event loop. */
const MAX_WRITES = 2_000;

/** Bytes of the beginning of an answer, with its status: `HTTP/1.1 200`. */
const STATUS_BYTES = 12;

/** Streams of the feed that an attacker keeps open: half of those that a client may have. */
const FEED_STREAMS = 15;

/** Connections that read the whole feed meanwhile: more than may do so. */
const FEED_READS = 20;

/** The addresses of an attacker. Another loopback address than the honest client's is another client. */
const address = (number: number) => `127.0.1.${number + 1}`;

const add = (counts: Counts, what: string) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

type Sent = { method?: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: unknown };

/** Sends requests over so many connections; each connection sends the next one after an answer. */
async function flood(
  { victim, counts, signal }: Scene,
  options: { connections: number; addresses?: number; next: (connection: number) => Sent },
): Promise<void> {
  const { connections, addresses = 1, next } = options;
  async function floodOver(number: number): Promise<void> {
    const client = createConnection(victim.url, address(number % addresses));
    while (!signal.aborted) {
      const { method = 'GET', path, headers, body } = next(number);
      const text = body === undefined ? undefined : JSON.stringify(body);
      try {
        add(counts, String((await client.send(method, path, { headers, body: text })).status));
      } catch {
        add(counts, 'no answer');
        await sleep(RETRY_MS);
      }
    }
    client.close();
  }
  await Promise.all(Array.from({ length: connections }, (_, number) => floodOver(number)));
}

/** Keeps a connection of the attacker open, and calls `onOpen` each time that it opens. */
function keepOpen({ victim, counts, signal }: Scene, onOpen: (socket: Socket) => void): void {
  const { hostname, port } = new URL(victim.url);
  const open = () => {
    if (signal.aborted) return;
    const socket = connect({ host: hostname, port: Number(port), localAddress: address(0), noDelay: true });
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.on('connect', () => {
      add(counts, 'connected');
      onOpen(socket);
    });
    socket.on('error', () => add(counts, 'refused'));
    socket.on('close', () => setTimeout(open, REOPEN_MS).unref());
  };
  open();
}

/** Writes repeatedly, as fast as the server reads, until the connection is closed. */
function writeRepeatedly(socket: Socket, next: () => Buffer | string, counts: Counts, what: string): void {
  const send = () => {
    if (socket.destroyed) return;
    // A write that fails leaves nothing unsent: the event loop reports it after this many.
    for (let i = 0; i < MAX_WRITES && socket.writableLength < MAX_UNSENT_BYTES; i += 1) {
      socket.write(next());
      add(counts, what);
    }
    setTimeout(send, 5);
  };
  send();
}

/** Sends frames on four WebSockets as fast as the server reads them. */
async function floodSockets(scene: Scene, what: string, next: () => Buffer): Promise<void> {
  for (let i = 0; i < 4; i += 1) {
    keepOpen(scene, (socket) => {
      socket.write(UPGRADE);
      socket.once('data', (bytes) => {
        if (readAnswer(bytes, false)?.answer.status !== 101) return void socket.destroy();
        socket.resume();
        writeRepeatedly(socket, next, scene.counts, what);
      });
    });
  }
  await untilAborted(scene.signal);
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** A ticket id as the API makes them, of a ticket that does not exist. */
const unknownTicket = () => newTicketId(0);

/** Joins a line repeatedly, from addresses in turn, and never polls. */
async function haunt({ victim, counts, signal }: Scene, eventId: number, addresses: readonly string[]): Promise<void> {
  const clients = addresses.map((from) => createConnection(victim.url, from));
  for (let i = 0; i < 240 && !signal.aborted; i += 1) {
    const joining = clients[i % clients.length]?.send('POST', `/api/events/${eventId}/waiting-room`, { body: '{}' });
    add(counts, String((await joining)?.status));
  }
  await untilAborted(signal);
  for (const client of clients) client.close();
}

/** Holds a seat from one address, releases it and holds it again, with one account. */
async function hoard({ victim, counts, signal }: Scene, from: string): Promise<void> {
  const userId = 9_001;
  const body = JSON.stringify({ eventId: DEFAULT_EVENT, userId, seatNumber: victim.wantedSeat });
  const client = createConnection(victim.url, from);
  while (!signal.aborted) {
    const { status, text } = await client.send('POST', '/api/bookings?wait=10', { body });
    const { id, code } = JSON.parse(text) as { id?: string; code?: string };
    add(counts, code ?? String(status));
    await sleep(id === undefined ? GRAB_MS : HOARDED_MS);
    if (id !== undefined) await client.send('DELETE', `/api/bookings/${id}`, { body: JSON.stringify({ userId }) });
  }
  client.close();
}

/** Opens streams of the feed, the odd ones without ever reading them. */
function openFeedStreams(scene: Scene): void {
  const { victim, counts } = scene;
  const head = `GET /api/feed HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n`;
  for (let i = 0; i < FEED_STREAMS; i += 1)
    keepOpen(scene, (socket) => {
      socket.write(`${head}authorization: Bearer ${victim.readKey}\r\n\r\n`);
      socket.once('data', (bytes) => {
        const isOpen = bytes.toString('latin1', 0, STATUS_BYTES).endsWith(' 200');
        add(counts, isOpen ? 'streams' : 'streams refused');
        if (!isOpen) socket.destroy();
        else if (i % 2 === 0) socket.resume();
        else socket.pause();
      });
    });
}

export const attacks = {
  'unknown-subscriptions': {
    about: 'four WebSockets subscribe to tickets that do not exist',
    run: (scene) =>
      floodSockets(scene, 'subscribe', () => {
        const message = JSON.stringify({ type: 'subscribe', ticketId: unknownTicket() });
        return frameOf({ opcode: TEXT, payload: message });
      }),
  },
  frames: {
    about: 'four WebSockets send frames that are no messages: pongs, and endless fragments',
    async run(scene) {
      const times = (frame: Buffer) => Buffer.concat(Array.from({ length: 500 }, () => frame));
      const pongs = times(frameOf({ opcode: PONG, payload: 'x' }));
      const start = frameOf({ opcode: TEXT, payload: '', fin: false });
      const fragments = Buffer.concat([start, times(frameOf({ opcode: CONTINUATION, payload: '', fin: false }))]);
      const end = frameOf({ opcode: CONTINUATION, payload: '' });
      await Promise.all([
        floodSockets(scene, 'pongs', () => pongs),
        floodSockets(scene, 'fragments', () => Buffer.concat([fragments, end])),
      ]);
    },
  },
  'pipelined-requests': {
    about: '50 connections send requests without waiting for answers',
    async run(scene) {
      const requests = 'GET /api/nothing HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(200);
      for (let i = 0; i < 50; i += 1)
        keepOpen(scene, (socket) => {
          socket.resume();
          writeRepeatedly(socket, () => requests, scene.counts, '200 requests');
        });
      await untilAborted(scene.signal);
    },
  },
  'unknown-tickets': {
    about: 'sixteen connections poll tickets that do not exist',
    run: (scene) => flood(scene, { connections: 16, next: () => ({ path: `/api/tickets/${unknownTicket()}` }) }),
  },
  connections: {
    about: 'one address opens 6,000 connections and sends nothing',
    async run(scene) {
      for (let i = 0; i < 6_000 && !scene.signal.aborted; i += 1) {
        keepOpen(scene, (socket) => socket.resume());
        if (i % 100 === 99) await sleep(RETRY_MS);
      }
      await untilAborted(scene.signal);
    },
  },
  'slow-requests': {
    about: '500 connections send a body byte by byte',
    async run(scene) {
      const headers = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n';
      const head = `POST /api/bookings HTTP/1.1\r\n${headers}`;
      for (let i = 0; i < 500; i += 1) {
        keepOpen(scene, (socket) => {
          socket.resume();
          socket.write(head);
          const drip = setInterval(() => socket.write(' '), 500);
          socket.on('close', () => clearInterval(drip));
        });
      }
      await untilAborted(scene.signal);
    },
  },
  'refused-bookings': {
    about: 'keyed requests for a taken seat, each for a session of another API process that does not exist',
    run: (scene) =>
      flood(scene, {
        connections: 16,
        next: () => ({
          method: 'POST',
          path: '/api/bookings',
          headers: {
            'idempotency-key': randomBytes(12).toString('hex'),
            'x-session-token': `${randomBytes(6).toString('hex')}.${randomBytes(16).toString('base64url')}`,
          },
          body: { eventId: DEFAULT_EVENT, userId: DEMO_USERS - 1, seatNumber: scene.victim.takenSeat },
        }),
      }),
  },
  'heavy-reads': {
    about: 'ten connections read every seat of the house',
    run: (scene) =>
      flood(scene, {
        connections: 10,
        next: (connection) => ({
          path:
            connection % 2 === 0
              ? `/api/events/${DEFAULT_EVENT}?include=seats`
              : `/api/seats/available?eventId=${DEFAULT_EVENT}&limit=1000`,
        }),
      }),
  },
  feed: {
    about: 'a key with scope `read` opens streams of the feed, and reads all of it over 20 connections',
    async run(scene) {
      openFeedStreams(scene);
      const headers = { authorization: `Bearer ${scene.victim.readKey}`, accept: 'application/x-ndjson' };
      await flood(scene, { connections: FEED_READS, next: () => ({ path: '/api/feed', headers }) });
    },
  },
  'foreign-pages': {
    about: "a page of another site posts from the honest client's own address",
    async run({ victim, counts, signal }) {
      const client = createConnection(victim.url);
      while (!signal.aborted) {
        const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
        const paths = ['/api/bookings', '/reserve', `/api/events/${DEFAULT_EVENT}/waiting-room`, '/api/users/login'];
        for (const path of paths)
          add(counts, String((await client.send('POST', path, { headers, body: '{}' })).status));
      }
      client.close();
    },
  },
  'wrong-passwords': {
    about: "sixteen addresses send wrong passwords for an honest user's account and for others",
    run: (scene) =>
      flood(scene, {
        connections: 32,
        addresses: 16,
        next: (connection) => ({
          method: 'POST',
          path: '/api/users/login',
          body: { email: connection % 2 === 0 ? scene.victim.email : `${connection}@example.org`, password: 'wrong' },
        }),
      }),
  },
  ghosts: {
    about: 'two addresses join the waiting room 240 times and never poll',
    visit: { line: 'eventId', boundSeconds: 60 },
    run: (scene) => haunt(scene, scene.victim.eventId, [address(0), address(1)]),
  },
  'ghosts-challenged': {
    about: 'two others do so where joining requires work, and do none',
    visit: { line: 'guardedId', boundSeconds: 10 },
    run: (scene) => haunt(scene, scene.victim.guardedId, [address(2), address(3)]),
  },
  hoarding: {
    about: 'one account, from 16 addresses, holds one seat, releases it and holds it again at once',
    async run(scene) {
      await Promise.all(Array.from({ length: 16 }, (_, number) => hoard(scene, address(HOARDER_ADDRESS + number))));
    },
  },
} satisfies Record<string, Attack>;

export type AttackName = keyof typeof attacks;
