import { LINE_CHUNK } from '../../../shared/domain/line.ts';
import { createLoops } from '../../../shared/platform/loops.ts';
import type { AuditReport } from '../../../shared/stores/audit.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import type { RoomState } from '../../../shared/stores/redis/room-hash.ts';
import { sumOf } from '../../kit/statistics.ts';
import { type Addresses, auditDefaultEvent, openStores, type Stores } from '../../kit/stores.ts';

/** Milliseconds between two samples of the line. One in so many measures its memory too. */
const SAMPLE_MS = 100;
const MEMORY_SAMPLES = 20;

const EVENT = 1;

/** The state of the line at one moment. `backlog`: tickets without an outcome. */
export type Sample = { atMs: number; backlog: number } & Pick<
  RoomState,
  'joined' | 'serving' | 'inside' | 'offered' | 'rate' | 'etaSeconds' | 'seatsFree'
>;

/** The state where there is no line. */
const NO_LINE = { joined: 0, serving: 0, inside: 0, offered: 0, rate: 0, etaSeconds: 0, seatsFree: 0 };

/** Bytes of the line's keys, and of all of Redis. */
async function measureMemory({ redis }: Stores, { generation, joined }: RoomState) {
  const keys = keysOf(0);
  const chunks = Array.from({ length: Math.floor(joined / LINE_CHUNK) + 1 }, (_, chunk) => chunk);
  const chunkedStems = [keys.roomTakenStem, keys.roomLeftStem, keys.roomUsesStem];
  const names = [
    ...[keys.roomStem, keys.roomHistoryStem, keys.roomInsideStem].map((stem) => `${stem}${EVENT}`),
    ...chunkedStems.flatMap((stem) => chunks.map((chunk) => `${stem}${EVENT}:${generation}:${chunk}`)),
  ];
  const sizes = await Promise.all(names.map((name) => redis.call('MEMORY', 'USAGE', name, 'SAMPLES', '0')));
  const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1];
  return { line: sumOf(sizes.map((size) => Number(size ?? 0))), redis: Number(used ?? 0) };
}

async function readSample({ redis, rooms }: Stores): Promise<{ state: RoomState | undefined; sample: Sample }> {
  const keys = keysOf(0);
  const [states, accepted, settled] = await Promise.all([
    rooms.read([EVENT]),
    redis.get(keys.sequence),
    redis.get(keys.settled),
  ]);
  const state = states.get(EVENT);
  const { joined, serving, inside, offered, rate, etaSeconds, seatsFree } = state ?? NO_LINE;
  const backlog = Math.max(0, Number(accepted ?? 0) - Number(settled ?? 0));
  return {
    state,
    sample: { atMs: Date.now(), backlog, joined, serving, inside, offered, rate, etaSeconds, seatsFree },
  };
}

/** Samples event 1's line in Redis, many times a second. */
export async function watchLine(addresses: Addresses) {
  const stores = await openStores(addresses, 'worker', 'spike');
  const loops = createLoops({ log: stores.log });
  const samples: Sample[] = [];
  const maxBytes = { line: 0, redis: 0 };
  let fault: Error | undefined;

  async function takeSample(): Promise<void> {
    const { state, sample } = await readSample(stores);
    samples.push(sample);
    if (state === undefined || samples.length % MEMORY_SAMPLES !== 1) return;
    const bytes = await measureMemory(stores, state);
    maxBytes.line = Math.max(maxBytes.line, bytes.line);
    maxBytes.redis = Math.max(maxBytes.redis, bytes.redis);
  }
  const stop = loops.repeat('line', SAMPLE_MS, takeSample, (thrown) => {
    fault ??= thrown;
  });

  return {
    samples,
    prisma: stores.prisma,
    maxBytes,

    /** The time of the first sample in which a position was served; undefined where it was not. */
    turnAt(position: number): number | undefined {
      let [low, high] = [0, samples.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((samples[middle]?.serving ?? 0) >= position) high = middle;
        else low = middle + 1;
      }
      return samples[low]?.atMs;
    },

    /** Compares Redis with PostgreSQL, once nothing is under way. `sold`: the seats that PostgreSQL has sold. */
    async audit(): Promise<{ report: AuditReport; sold: number }> {
      const report = await auditDefaultEvent(stores);
      return { report, sold: await stores.prisma.seat.count({ where: { eventId: EVENT, status: 'SOLD' } }) };
    },

    /** @throws Error where a sample failed */
    async close(): Promise<void> {
      await stop();
      await stores.close();
      if (fault !== undefined) throw fault;
    },
  };
}

export type WatchedLine = Awaited<ReturnType<typeof watchLine>>;
