import type { Socket } from 'node:net';
import { MAX_BATCH_REQUESTS } from '../../../shared/contract/limits.ts';
import { newBatch } from '../../../shared/domain/ticket-id.ts';
import { runHerd } from '../../kit/herd.ts';
import { createEvent, operatorOf } from '../../kit/operator.ts';
import { frameOfMessage, openSockets } from '../../kit/plain-sockets.ts';
import { cpuSeconds, requireFilesFor } from '../../kit/processes.ts';
import { createRandom } from '../../kit/random.ts';
import { type OwnSystem, withOwnSystem } from '../../kit/rig.ts';
import { randomRow } from '../../kit/seat-wishes.ts';
import { median, sumOf } from '../../kit/statistics.ts';
import type { Stores } from '../../kit/stores.ts';
import { frameOf, PONG } from '../../kit/wire-format.ts';
import { type GrowthOptions, type Section, sampleInTurn } from './section.ts';

const SOCKETS = [0, 100, 1_000, 10_000];
const QUICK_SOCKETS = [0, 10, 100];

const HOUSE = { ZONES: 200, ROWS: 40, SEATS_PER_ROW: 65 };

/** Bookings of one sample, and its connections. */
const BOOKINGS = 4_000;
const CONNECTIONS = 64;

/** More than ever waits here. */
const MAX_QUEUED = 1_000_000;

/** First byte of a ping (RFC 6455): final, opcode 9. */
const PING_HEAD = 0x89;

/** Opens sockets until so many are open, each with a ticket that is recorded and never enqueued. */
async function openUntil(count: number, open: Socket[], url: string, stores: Stores, watch: Buffer): Promise<void> {
  while (open.length < count) {
    const ids = Array.from({ length: Math.min(MAX_BATCH_REQUESTS, count - open.length) }, newBatch(0));
    const tickets = ids.map((ticketId) => ({ ticketId, kind: 'book' as const }));
    await stores.tickets.accept(0, 'growth', tickets, { maxQueued: MAX_QUEUED, fresh: true });
    const opened = await openSockets(url, ids.length, (socket, number) => {
      socket.on('data', (bytes) => {
        if (bytes[0] === PING_HEAD) socket.write(frameOf({ opcode: PONG, payload: '' }));
      });
      socket.write(Buffer.concat([watch, frameOfMessage({ type: 'subscribe', ticketId: ids[number] })]));
    });
    open.push(...opened);
  }
}

/** Measures a booking: microseconds of CPU through an API, in all processes but the generator. */
function createSampler(system: OwnSystem, workerPid: number, seed: number, requests: number) {
  const random = createRandom(seed);
  const house = { zones: HOUSE.ZONES, rows: HOUSE.ROWS };
  return async ({ url, pid }: { url: string; pid: number }): Promise<number> => {
    const used = () => sumOf([pid, workerPid, system.redis.pid, system.postgres.pid].map(cpuSeconds));
    const usedBefore = used();
    const wish = () => ({ ...randomRow(random, house), count: 2 });
    const { outcomes } = await runHerd({ urls: [url], wish, requests, connections: CONNECTIONS });
    return ((used() - usedBefore) / outcomes.size) * 1e6;
  };
}

/**
 * The cost of a booking while sockets are open, each with a ticket that waits and an event that it watches: through the
 * API of these sockets, and through another API.
 */
export function growSockets({ rounds, seed, quick, progress }: GrowthOptions): Promise<Section> {
  const steps = quick ? QUICK_SOCKETS : SOCKETS;
  requireFilesFor(steps.at(-1) ?? 0);
  return withOwnSystem({ name: 'growth-sockets', house: HOUSE }, async (system) => {
    const open: Socket[] = [];
    system.rig.onClose(() => {
      for (const socket of open) socket.destroy();
    });
    const worker = await system.startWorker();
    const other = await system.startApi();
    const stores = await system.openStores();
    // Nothing changes in the event that the sockets watch.
    const eventId = await createEvent(operatorOf(system.url), { rows: 1, seatsPerRow: 1 });
    const watch = frameOfMessage({ type: 'watch', eventId });
    const sample = createSampler(system, worker.pid, seed, quick ? BOOKINGS / 10 : BOOKINGS);
    const sides = [() => sample(other), () => sample(system.api)];
    await sampleInTurn(1, sides);
    const [otherMicros, sameMicros]: [number[], number[]] = [[], []];
    for (const count of steps) {
      await openUntil(count, open, system.url, stores, watch);
      progress(`${count} are open, ${rounds} rounds`);
      const [throughOther = [], throughSame = []] = await sampleInTurn(rounds, sides);
      otherMicros.push(median(throughOther));
      sameMicros.push(median(throughSame));
    }
    return {
      title: 'A booking while sockets are open',
      grows: 'open sockets',
      steps: steps.map((count) => count.toLocaleString('en')),
      unit: 'µs of CPU a booking, in all processes',
      series: [
        { name: 'through the API of the sockets', values: sameMicros },
        { name: 'through another API, in the same rounds', values: otherMicros },
      ],
      targets: [],
      notes: ['Each socket has a ticket that waits, and watches an event in which nothing changes.'],
    };
  });
}
