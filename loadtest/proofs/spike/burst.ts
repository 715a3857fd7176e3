import { setTimeout as sleep } from 'node:timers/promises';
import { operatorOf, setRoom } from '../../kit/operator.ts';
import { type Plot, renderPlots } from '../../kit/plot.ts';
import { below, type Random } from '../../kit/random.ts';
import { type Check, reportProgress } from '../../kit/report.ts';
import { type HouseSettings, withOwnSystem } from '../../kit/rig.ts';
import { percentile } from '../../kit/statistics.ts';
import { type Desk, openDesk } from './desk.ts';
import { type Sample, watchLine } from './line.ts';

/** Visitors come at this multiple of the rate that the workers drain, for so many seconds. */
const TIMES = 10;
const SECONDS = 6;

const MAX_SEATS = 4;
const HOUSE: HouseSettings = { ZONES: 20, ROWS: 100, SEATS_PER_ROW: 65 };

/** Connections that are kept open. Each booking has another, on which it waits for its outcome. */
const CONNECTIONS = { joining: 128, polling: 64 };

/** Seconds between two points of the plot. */
const POINT_SECONDS = 5;

/** The promises of the room. */
const MAX_ETA_SECONDS = 2;
const MAX_P99_SECONDS = 3;

/** A run of the burst. Times are seconds; points are those of the plot, from the first visitor. */
export type Side = {
  drained: number;
  etaMost: number;
  outcomes: number;
  outcomeP99: number;
  points: { eta: number; outcomeP99: number }[];
};

/**
 * Statements that make PostgreSQL slow for each booking: workers then drain so many a second, and the cores suffice to
 * send ten times as many.
 */
const slowTo = (drain: number) => [
  `CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN PERFORM pg_sleep(${1 / drain}); RETURN NULL; END $$`,
  'CREATE TRIGGER take_time AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION take_time()',
];

type Outcome = { atMs: number; seconds: number };

function measure(samples: readonly Sample[], outcomes: readonly Outcome[], startedMs: number): Side {
  const busy = samples.filter(({ backlog }) => backlog > 0);
  const busySeconds = ((busy.at(-1)?.atMs ?? 0) - (busy[0]?.atMs ?? 0)) / 1000;
  const drained = outcomes.length / busySeconds;
  const lastMs = Math.max(...outcomes.map(({ atMs }) => atMs));
  const stepOf = ({ atMs }: { atMs: number }) => Math.ceil((atMs - startedMs) / 1000 / POINT_SECONDS);
  const etaOf = (part: readonly Sample[]) => Math.max(0, ...part.map(({ backlog }) => backlog)) / drained;
  const p99Of = (part: readonly Outcome[]) =>
    percentile(
      part.map(({ seconds }) => seconds),
      0.99,
    );
  return {
    drained,
    etaMost: etaOf(samples),
    outcomes: outcomes.length,
    outcomeP99: p99Of(outcomes),
    points: Array.from({ length: stepOf({ atMs: lastMs }) + 1 }, (_, step) => ({
      eta: etaOf(samples.filter((sample) => stepOf(sample) === step)),
      outcomeP99: p99Of(outcomes.filter((outcome) => stepOf(outcome) === step)),
    })),
  };
}

/** One visitor: joins, waits for the turn and books. */
async function buy(desk: Desk, random: Random): Promise<Outcome> {
  await sleep(random() * SECONDS * 1000);
  const { visitorToken, ...joined } = await desk.join('');
  let { status, askAgainSeconds, admission } = joined;
  while (status === 'waiting') {
    await sleep(askAgainSeconds * 1000);
    ({ status, askAgainSeconds, admission } = await desk.poll(visitorToken));
  }
  const { seats, code, ms } = await desk.sell(admission?.token ?? '', 1 + below(random, MAX_SEATS));
  if (seats === 0) desk.log.faults.push(`no seats: ${code}`);
  return { atMs: Date.now(), seconds: ms / 1000 };
}

/** Plays the burst on a system of its own, with the waiting room on or off, until everybody has an outcome. */
const runSide = ({ drain, hasRoom, random }: { drain: number; hasRoom: boolean; random: Random }): Promise<Side> =>
  withOwnSystem({ name: 'burst', house: HOUSE }, async (system) => {
    const people = drain * TIMES * SECONDS;
    await system.startWorker();
    const line = await watchLine(system.addresses);
    system.rig.onClose(line.close);
    const desk = openDesk(system.url, { ...CONNECTIONS, booking: people });
    system.rig.onClose(desk.close);
    for (const statement of slowTo(drain)) await line.prisma.$executeRawUnsafe(statement);
    if (hasRoom) await setRoom(operatorOf(system.url), { mode: 'on' });
    const outcomes: Outcome[] = [];
    const startedMs = Date.now();
    const stop = reportProgress(() => {
      const { backlog = 0, joined = 0, serving = 0, rate = 0 } = line.samples.at(-1) ?? {};
      const room = `room ${hasRoom ? 'on' : 'off'}, ${((Date.now() - startedMs) / 1000).toFixed(0)} s`;
      const visitors = `${joined} joined, ${serving} served, rate ${rate.toFixed(0)}/s`;
      return `${room}: ${visitors}, ${backlog} tickets wait, ${outcomes.length} outcomes`;
    });
    const visits = Array.from({ length: people }, async () => void outcomes.push(await buy(desk, random)));
    await Promise.all(visits).finally(stop);
    if (desk.log.faults.length > 0) throw new Error(desk.log.faults.slice(0, 20).join('\n'));
    return measure(line.samples, outcomes, startedMs);
  });

/** Plays the burst without the room and with it. */
export async function runBurst(drain: number, random: Random) {
  const off = await runSide({ drain, hasRoom: false, random });
  const on = await runSide({ drain, hasRoom: true, random });
  const promises: Check[] = [
    {
      what: `with the room on the queue's ETA stays below ${MAX_ETA_SECONDS} s`,
      held: on.etaMost < MAX_ETA_SECONDS,
      figure: `${on.etaMost.toFixed(2)} s at most; without it ${off.etaMost.toFixed(0)} s`,
    },
    {
      what: `admitted visitors have an outcome within ${MAX_P99_SECONDS} s (p99)`,
      held: on.outcomeP99 < MAX_P99_SECONDS,
      figure:
        `${on.outcomeP99.toFixed(2)} s, ${on.outcomes} outcomes; ` +
        `without the room ${off.outcomeP99.toFixed(0)} s, ${off.outcomes} outcomes`,
    },
  ];
  return { on, off, promises };
}

export type Burst = Awaited<ReturnType<typeof runBurst>>;

/** Plots both sides over the same time. */
export function drawBurst({ on, off }: Burst): string {
  const length = Math.max(on.points.length, off.points.length);
  const steps = Array.from({ length }, (_, i) => String(i * POINT_SECONDS));
  const across = `seconds since visitors began to come at ten times the rate of the workers, for ${SECONDS} s`;
  const plot = (title: string, unit: string, figure: 'eta' | 'outcomeP99'): Plot => {
    const line = (name: string, { points }: Side) => ({ name, values: steps.map((_, i) => points[i]?.[figure] ?? 0) });
    return { title, across, steps, unit, lines: [line('waiting room off', off), line('waiting room on', on)] };
  };
  return renderPlots([
    plot('The wait in the booking queue', 'ETA, seconds', 'eta'),
    plot('From the request to its outcome', 'p99 of the outcomes of 5 s, seconds', 'outcomeP99'),
  ]);
}
