import { createLogger } from '../../../shared/platform/logger.ts';
import { createLoops } from '../../../shared/platform/loops.ts';
import { type AuditReport, steadyAudit } from '../../../shared/stores/audit.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import type { RoomState } from '../../../shared/stores/redis/room-hash.ts';
import { openStores, type Servers } from '../../kit/stores.ts';

/** Milliseconds between two looks at the line, and every how many-th weighs it too. */
const LOOK_MS = 100;
const WEIGH = 20;

/** Arrival numbers and positions in one chunk of bits, as lua/lib/room.lua has it. */
const CHUNK = 65_536;

export type Look = { atMs: number; backlog: number } & Pick<
  RoomState,
  'joined' | 'serving' | 'inside' | 'offered' | 'rate' | 'etaSeconds' | 'seatsFree'
>;

/** Where there is no line. */
const NOBODY = { joined: 0, serving: 0, inside: 0, offered: 0, rate: 0, etaSeconds: 0, seatsFree: 0 };

/** Looks at event 1's line past the API, in Redis itself, many times a second. */
export async function watchLine(servers: Servers) {
  const log = createLogger({ LOG_LEVEL: 'warn' }, 'spike');
  const loops = createLoops({ log });
  const stores = await openStores(servers, 'worker', log);
  const { prisma, redis, rooms } = stores;
  const keys = keysOf(0);
  const looks: Look[] = [];
  let lineBytes = 0;
  let redisBytes = 0;
  let fault: Error | undefined;

  async function weigh({ generation, joined }: RoomState): Promise<void> {
    const chunked = [keys.roomTakenStem, keys.roomLeftStem, keys.roomUsesStem];
    const chunks = Array.from({ length: Math.floor(joined / CHUNK) + 1 }, (_, chunk) => chunk);
    const names = [
      ...[keys.roomStem, keys.roomHistoryStem, keys.roomInsideStem].map((stem) => `${stem}1`),
      ...chunked.flatMap((stem) => chunks.map((chunk) => `${stem}1:${generation}:${chunk}`)),
    ];
    const sizes = await Promise.all(names.map((name) => redis.call('MEMORY', 'USAGE', name, 'SAMPLES', '0')));
    lineBytes = Math.max(
      lineBytes,
      sizes.reduce((sum: number, size) => sum + Number(size ?? 0), 0),
    );
    redisBytes = Math.max(redisBytes, Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0));
  }

  async function look(): Promise<void> {
    const [state, given, gone] = await Promise.all([
      rooms.read([1]).then((states) => states.get(1)),
      redis.get(keys.sequence),
      redis.get(keys.settled),
    ]);
    const { joined, serving, inside, offered, rate, etaSeconds, seatsFree } = state ?? NOBODY;
    const backlog = Math.max(0, Number(given ?? 0) - Number(gone ?? 0));
    looks.push({ atMs: Date.now(), backlog, joined, serving, inside, offered, rate, etaSeconds, seatsFree });
    if (state !== undefined && looks.length % WEIGH === 1) await weigh(state);
  }
  const stop = loops.repeat('line', LOOK_MS, look, (thrown) => {
    fault ??= thrown;
  });

  return {
    looks,
    prisma,
    get lineBytes() {
      return lineBytes;
    },
    get redisBytes() {
      return redisBytes;
    },

    /** When a position's turn had come, as seen; undefined where it did not. Looks are in order of both. */
    turnAt(position: number): number | undefined {
      let [low, high] = [0, looks.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((looks[middle]?.serving ?? 0) >= position) high = middle;
        else low = middle + 1;
      }
      return looks[low]?.atMs;
    },

    /** Redis against PostgreSQL, once nothing is under way; and the seats that PostgreSQL has sold. */
    async audit(): Promise<{ report: AuditReport; sold: number }> {
      const report = await steadyAudit(1, stores);
      return { report, sold: await prisma.seat.count({ where: { eventId: 1, status: 'SOLD' } }) };
    },

    /** @throws Error where it could not look */
    async close(): Promise<void> {
      await stop();
      await stores.close();
      if (fault !== undefined) throw fault;
    },
  };
}

export type WatchedLine = Awaited<ReturnType<typeof watchLine>>;
