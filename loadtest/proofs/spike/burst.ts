import { setTimeout as sleep } from 'node:timers/promises';
import { renderPlots } from '../../kit/plot.ts';
import { type OwnHouse, startOwnSystem } from '../../kit/rig.ts';
import { percentile } from '../../kit/statistics.ts';
import { openDesk } from './desk.ts';
import { type Look, watchLine } from './line.ts';
import { operatorOf } from './operator.ts';

/** How many times what workers drain comes, and for how many seconds. */
const TIMES = 10;
const SECONDS = 6;

const MAX_SEATS = 4;
const HOUSE: OwnHouse = { ZONES: 20, ROWS: 100, SEATS_PER_ROW: 65 };

/** Connections that are kept open; each who books has another, on which the request waits for its outcome. */
const CONNECTIONS = { joining: 128, polling: 64 };

/** Seconds between two points of the plot. */
const POINT_SECONDS = 5;

/** What the room is to keep. */
const MAX_ETA_SECONDS = 2;
const MAX_P99_SECONDS = 3;

/** A run of the burst. Times are seconds; points are those of the plot, from the first who comes. */
export type Side = {
  drained: number;
  etaMost: number;
  outcomes: number;
  outcomeP99: number;
  points: { eta: number; outcomeP99: number }[];
};

/**
 * Makes PostgreSQL take its time over each booking: then workers drain so many a second, and ten times as many can be sent on the
 * cores that are left.
 */
const slowTo = (drain: number) => [
  `CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN PERFORM pg_sleep(${1 / drain}); RETURN NULL; END $$`,
  'CREATE TRIGGER take_time AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION take_time()',
];

type Outcome = { atMs: number; seconds: number };

function measure(looks: readonly Look[], outcomes: readonly Outcome[], startedMs: number): Side {
  const busy = looks.filter(({ backlog }) => backlog > 0);
  const busySeconds = ((busy.at(-1)?.atMs ?? 0) - (busy[0]?.atMs ?? 0)) / 1000;
  const drained = outcomes.length / busySeconds;
  const lastMs = Math.max(...outcomes.map(({ atMs }) => atMs));
  const steps = Math.ceil((lastMs - startedMs) / 1000 / POINT_SECONDS) + 1;
  const isIn = (ms: number, step: number) => Math.ceil((ms - startedMs) / 1000 / POINT_SECONDS) === step;
  const etaOf = (some: readonly Look[]) => some.reduce((most, { backlog }) => Math.max(most, backlog), 0) / drained;
  return {
    drained,
    etaMost: etaOf(looks),
    outcomes: outcomes.length,
    outcomeP99: percentile(
      outcomes.map(({ seconds }) => seconds),
      0.99,
    ),
    points: Array.from({ length: steps }, (_, step) => ({
      eta: etaOf(looks.filter(({ atMs }) => isIn(atMs, step))),
      outcomeP99: percentile(
        outcomes.filter(({ atMs }) => isIn(atMs, step)).map(({ seconds }) => seconds),
        0.99,
      ),
    })),
  };
}

/** The burst on a system of its own, with the waiting room on or off: until everybody has an outcome. */
async function runSide(options: { drain: number; room: boolean; random: () => number }): Promise<Side> {
  const { drain, room, random } = options;
  const people = drain * TIMES * SECONDS;
  const system = await startOwnSystem({ name: 'burst', house: HOUSE });
  try {
    await system.startWorker();
    const line = await watchLine({ databaseUrl: system.postgres.url, redisUrl: system.redis.url });
    const desk = openDesk(system.url, { ...CONNECTIONS, booking: people });
    try {
      for (const statement of slowTo(drain)) await line.prisma.$executeRawUnsafe(statement);
      if (room) await operatorOf(system.url)('PUT', '/api/events/1/waiting-room', { mode: 'on' });
      const outcomes: Outcome[] = [];
      const startedMs = Date.now();

      async function buy(): Promise<void> {
        await sleep(random() * SECONDS * 1000);
        const { visitorToken, ...joined } = await desk.join('');
        let { status, askAgainSeconds, admission } = joined;
        while (status === 'waiting') {
          await sleep(askAgainSeconds * 1000);
          ({ status, askAgainSeconds, admission } = await desk.poll(visitorToken));
        }
        const { seats, code, ms } = await desk.sell(admission?.token ?? '', 1 + Math.floor(random() * MAX_SEATS));
        if (seats === 0) desk.faults.push(`no seats: ${code}`);
        outcomes.push({ atMs: Date.now(), seconds: ms / 1000 });
      }
      const saying = setInterval(() => {
        const { backlog = 0, joined = 0, serving = 0, rate = 0 } = line.looks.at(-1) ?? {};
        const at = ((Date.now() - startedMs) / 1000).toFixed(0);
        console.error(
          `  room ${room ? 'on' : 'off'}, ${at} s: ${joined} joined, ${serving} served, rate ${rate.toFixed(0)}/s, ${backlog} tickets wait, ${outcomes.length} outcomes`,
        );
      }, 2_000);
      try {
        await Promise.all(Array.from({ length: people }, buy));
      } finally {
        clearInterval(saying);
      }
      if (desk.faults.length > 0) throw new Error(desk.faults.slice(0, 20).join('\n'));
      return measure(line.looks, outcomes, startedMs);
    } finally {
      desk.close();
      await line.close();
    }
  } finally {
    await system.close();
  }
}

/** Runs the burst without the room and with it. */
export async function runBurst(drain: number, random: () => number) {
  const off = await runSide({ drain, room: false, random });
  const on = await runSide({ drain, room: true, random });
  const promises = [
    {
      what: `with the room on the queue's ETA stays under ${MAX_ETA_SECONDS} s`,
      held: on.etaMost < MAX_ETA_SECONDS,
      figure: `${on.etaMost.toFixed(2)} s at most; without it ${off.etaMost.toFixed(0)} s`,
    },
    {
      what: `who is let in has an outcome within ${MAX_P99_SECONDS} s (p99)`,
      held: on.outcomeP99 < MAX_P99_SECONDS,
      figure: `${on.outcomeP99.toFixed(2)} s, ${on.outcomes} outcomes; without the room ${off.outcomeP99.toFixed(0)} s, ${off.outcomes} outcomes`,
    },
  ];
  return { on, off, promises };
}

export type Burst = Awaited<ReturnType<typeof runBurst>>;

/** Both sides over the same time. */
export function drawBurst({ on, off }: Burst): string {
  const length = Math.max(on.points.length, off.points.length);
  const steps = Array.from({ length }, (_, i) => String(i * POINT_SECONDS));
  const lines = (what: 'eta' | 'outcomeP99') =>
    (
      [
        ['waiting room off', off],
        ['waiting room on', on],
      ] as const
    ).map(([name, { points }]) => ({ name, values: steps.map((_, i) => points[i]?.[what] ?? 0) }));
  const across = `seconds since the first of ten times what the workers drain came, for ${SECONDS} s`;
  return renderPlots([
    { title: 'How long the booking queue is', across, steps, unit: 'ETA, seconds', lines: lines('eta') },
    {
      ...{ title: 'From the request to its outcome', across, steps, unit: 'p99 of the outcomes of 5 s, seconds' },
      lines: lines('outcomeP99'),
    },
  ]);
}
