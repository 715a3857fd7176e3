import type { Socket } from 'node:net';
import { z } from 'zod';
import { MAX_BATCH_REQUESTS } from '../../../shared/contract/limits.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { cpuSeconds } from '../../kit/cpu.ts';
import { runHerd } from '../../kit/herd.ts';
import { frameOfMessage, openSockets, requireFilesFor } from '../../kit/plain-sockets.ts';
import { createRandom } from '../../kit/random.ts';
import { ADMIN_TOKEN, startOwnSystem } from '../../kit/rig.ts';
import { median } from '../../kit/statistics.ts';
import { openStores } from '../../kit/stores.ts';
import { frameOf, PONG } from '../../kit/wire-format.ts';
import { type GrowthOptions, log, type Section, sampleInTurn } from './section.ts';

const SOCKETS = [0, 100, 1_000, 10_000];
const QUICK_SOCKETS = [0, 10, 100];

const HOUSE = { ZONES: 200, ROWS: 40, SEATS_PER_ROW: 65 };

/** Bookings of one sample. */
const BOOKINGS = 4_000;

/** First byte of a ping (RFC 6455): final, opcode 9. */
const PING_HEAD = 0x89;

/** An event of which nothing changes, to be watched. */
async function createQuietEvent(url: string): Promise<number> {
  const response = await fetch(`${url}/api/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ name: 'A quiet evening', zones: [{ rows: 1, seatsPerRow: 1 }] }),
  });
  return z.object({ id: z.int() }).parse(await response.json()).id;
}

/**
 * What a booking costs while sockets lie open, each with a ticket that waits and an event that it watches: through an API that
 * has them, and through one beside it that has none.
 */
export async function growSockets({ rounds, seed, quick, say }: GrowthOptions): Promise<Section> {
  const steps = quick ? QUICK_SOCKETS : SOCKETS;
  requireFilesFor(steps.at(-1) ?? 0);
  const system = await startOwnSystem({ name: 'growth-sockets', house: HOUSE });
  const open: Socket[] = [];
  try {
    const worker = await system.startWorker();
    const without = await system.startApi();
    const stores = await openStores({ databaseUrl: system.postgres.url, redisUrl: system.redis.url }, 'worker', log);
    const quiet = frameOfMessage({ type: 'watch', eventId: await createQuietEvent(system.url) });
    const random = createRandom(seed);
    const wish = () => ({
      zone: 1 + Math.floor(random() * HOUSE.ZONES),
      row: 1 + Math.floor(random() * HOUSE.ROWS),
      count: 2,
    });

    /** Opens sockets until there are so many. Their tickets are recorded and never queued. */
    async function openUntil(sockets: number): Promise<void> {
      while (open.length < sockets) {
        const ids = Array.from({ length: Math.min(MAX_BATCH_REQUESTS, sockets - open.length) }, () => newTicketId(0));
        const tickets = ids.map((ticketId) => ({ ticketId, kind: 'book' as const }));
        await stores.tickets.accept(0, 'growth', tickets, { maxQueued: 1_000_000, fresh: true });
        const some = await openSockets(Number(new URL(system.url).port), ids.length, (socket, number) => {
          socket.on('data', (bytes) => {
            if (bytes[0] === PING_HEAD) socket.write(frameOf({ opcode: PONG, payload: '' }));
          });
          socket.write(Buffer.concat([quiet, frameOfMessage({ type: 'subscribe', ticketId: ids[number] })]));
        });
        open.push(...some);
      }
    }

    /** Microseconds of CPU for each booking through one of the APIs, in all processes but the generator. */
    async function book({ url, pid }: { url: string; pid: number }): Promise<number> {
      const used = () =>
        [pid, worker.pid, system.redis.pid, system.postgres.pid].reduce((sum, one) => sum + cpuSeconds(one), 0);
      const before = used();
      const requests = quick ? BOOKINGS / 10 : BOOKINGS;
      const { outcomes } = await runHerd({
        urls: [url],
        wish,
        requests,
        connections: 64,
        poll: false,
        onProgress: () => undefined,
      });
      return ((used() - before) / outcomes.size) * 1e6;
    }

    const sides = [() => book(without), () => book({ url: system.url, pid: system.api.pid })];
    await sampleInTurn(1, sides);
    const [none, some]: [number[], number[]] = [[], []];
    for (const sockets of steps) {
      await openUntil(sockets);
      say(`sockets: ${sockets} lie open, ${rounds} rounds`);
      const [beside = [], here = []] = await sampleInTurn(rounds, sides);
      none.push(median(beside));
      some.push(median(here));
    }
    await stores.close();
    return {
      title: 'A booking while sockets lie open',
      grows: 'open sockets',
      steps: steps.map((sockets) => sockets.toLocaleString('en')),
      unit: 'µs of CPU a booking, in all processes',
      series: [
        { name: 'through the API that has them', values: some },
        { name: 'through one that has none, in the same rounds', values: none },
      ],
      targets: [],
      notes: ['Each socket has a ticket that waits and watches an event of which nothing changes.'],
    };
  } finally {
    for (const socket of open) socket.destroy();
    await system.close();
  }
}
