import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { eventView } from '../../shared/contract/events.ts';
import { entryView } from '../../shared/contract/gate.ts';
import { joinAnswer, VISITOR_TOKEN_HEADER, visitorView } from '../../shared/contract/waiting-room.ts';
import { siteCookie } from '../../shared/domain/site-entry.ts';
import { command, number } from '../kit/command.ts';
import { type Answer, hammer } from '../kit/hammer.ts';
import { operatorOf, setRoom } from '../kit/operator.ts';
import { cpuSeconds } from '../kit/processes.ts';
import type { Check } from '../kit/report.ts';
import { type OwnSystem, startProgram, withOwnSystem } from '../kit/rig.ts';
import { median } from '../kit/statistics.ts';

/** The least rate of polls, as a share of the rate of express-noop. */
const PROMISED = 0.6;
const VISITORS = 500;

/** Visitors with admissions to a site. */
const ADMITTED = 100;
const SITE = 'https://shop.example';

const WARM_UP_REQUESTS = 5_000;

const ROOM_PATH = '/api/events/1/waiting-room';
const NAMES = ['express-noop', 'polls', 'line', 'gate'] as const;

type Round = { perSecond: number; cpuMicros: number };

/** A server that answers requests, and whether an answer is the right one. */
type Side = {
  name: (typeof NAMES)[number];
  url: string;
  pid: number;
  request: Pick<Parameters<typeof hammer>[0], 'path' | 'method' | 'headersOf' | 'bodyOf'>;
  isRight: (answer: Answer) => boolean;
};

/** Creates visitors in a line from which nobody is admitted. Returns their tokens. */
async function joinLine(url: string): Promise<string[]> {
  await setRoom(operatorOf(url), { mode: 'on', paused: true });
  const answer = z.object({ visitorToken: z.string().min(1) });
  const join = async () => answer.parse(await (await fetch(url + ROOM_PATH, { method: 'POST' })).json()).visitorToken;
  return Promise.all(Array.from({ length: VISITORS }, join));
}

/** A request to a site, as nginx shows it to the gate. A script asks, so no admission is renewed. */
const shown = (cookie: string, url = `${SITE}/sale`): Record<string, string> => ({
  'x-original-url': url,
  'x-original-method': 'GET',
  'sec-fetch-mode': 'cors',
  cookie,
});

/** Lets a visitor of an event into its site. Returns the cookie. */
async function enterSite(url: string, event: number): Promise<string> {
  const room = `${url}/api/events/${event}/waiting-room`;
  const { visitorToken } = joinAnswer.parse(await (await fetch(room, { method: 'POST' })).json());
  const headers = { [VISITOR_TOKEN_HEADER]: visitorToken };
  for (;;) {
    const view = visitorView.parse(await (await fetch(room, { headers })).json());
    if (view.admission !== undefined) break;
    await sleep(1000 * view.askAgainSeconds);
  }
  const entry = entryView.parse(await (await fetch(`${room}/entry`, { method: 'POST', headers })).json());
  const entered = await fetch(`${url}/gate/${event}`, { headers: shown('', entry.url), redirect: 'manual' });
  return entered.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** Opens the room of a site. Returns its event, and the cookies of visitors who are in. */
async function openSite(url: string): Promise<{ event: number; cookies: string[] }> {
  const operate = operatorOf(url);
  const { id } = eventView.parse(await operate('POST', '/api/events', { name: 'A site', zones: [] }));
  await setRoom(operate, { mode: 'on', sites: [SITE], peoplePerMinute: 10_000, admissionSeconds: 3_600 }, id);
  const cookies = await Promise.all(Array.from({ length: ADMITTED }, () => enterSite(url, id)));
  if (!cookies.every((cookie) => cookie.startsWith(siteCookie(id, SITE)))) throw new Error('a visitor did not get in');
  return { event: id, cookies };
}

async function startSides(system: OwnSystem): Promise<Side[]> {
  await system.startWorker();
  const noop = await startProgram<{ port: number }>(system.rig, 'loadtest/baselines/express-noop');
  const tokens = await joinLine(system.url);
  const { event, cookies } = await openSite(system.url);
  return [
    {
      name: 'polls',
      url: system.url,
      pid: system.api.pid,
      request: {
        path: ROOM_PATH,
        method: 'GET',
        headersOf: (index) => ({ 'x-visitor-token': tokens[index % tokens.length] ?? '' }),
      },
      isRight: ({ body }) => (body as { status?: string }).status === 'waiting',
    },
    {
      name: 'line',
      url: system.url,
      pid: system.api.pid,
      request: { path: '/api/events/1/line', method: 'GET' },
      isRight: ({ body }) => (body as { joined?: number }).joined === VISITORS,
    },
    {
      name: 'gate',
      url: system.url,
      pid: system.api.pid,
      request: {
        path: `/gate/${event}`,
        method: 'GET',
        headersOf: (index) => shown(cookies[index % cookies.length] ?? ''),
      },
      isRight: ({ status }) => status === 204,
    },
    {
      name: 'express-noop',
      url: `http://127.0.0.1:${noop.ready.port}`,
      pid: noop.pid,
      request: { path: '/reserve', bodyOf: () => '{"zone":1,"row":1,"count":2}' },
      isRight: ({ status }) => status === 202,
    },
  ];
}

/** Plays one round. @throws Error where an answer is wrong or missing */
async function playRound(side: Side, requests: number, connections: number): Promise<Round> {
  const { name, url, pid, request, isRight } = side;
  const [startedAt, cpuBefore] = [performance.now(), cpuSeconds(pid)];
  let wrong = 0;
  const { noAnswer } = await hammer({
    ...request,
    urls: [url],
    requests,
    connections,
    onAnswer: (answer) => {
      if (!isRight(answer)) wrong += 1;
    },
  });
  if (wrong + noAnswer > 0) throw new Error(`${name}: ${wrong} wrong answers, ${noAnswer} requests without an answer`);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: requests / seconds, cpuMicros: ((cpuSeconds(pid) - cpuBefore) / requests) * 1e6 };
}

/** Prints the medians of the rounds, and compares the sides. */
function compare(rounds: Record<Side['name'], Round[]>): Check[] {
  const medianOf = (name: Side['name'], figure: keyof Round) => median(rounds[name].map((round) => round[figure]));
  for (const name of NAMES) {
    const rate = Math.round(medianOf(name, 'perSecond')).toLocaleString('en').padStart(7);
    console.log(`${name.padEnd(12)} ${rate}/s  ${medianOf(name, 'cpuMicros').toFixed(1)} µs of CPU each`);
  }
  const byRate = medianOf('polls', 'perSecond') / medianOf('express-noop', 'perSecond');
  const byCpu = medianOf('express-noop', 'cpuMicros') / medianOf('polls', 'cpuMicros');
  const what = (unit: string) => `polls come to ${PROMISED} of express-noop by ${unit}`;
  return [
    { what: what('rate'), held: byRate >= PROMISED, figure: byRate.toFixed(2) },
    { what: what('CPU'), held: byCpu >= PROMISED, figure: byCpu.toFixed(2) },
  ];
}

await command({
  name: 'bench:polls',
  summary: `Measures how many polls of the waiting room one API process answers, how many requests for its line, and how
many of sites to their gate with a valid admission, compared with express-noop: a route of plain Express that reads a
small body and answers nothing. One generator sends requests to all in turn, for a few rounds. The medians count. CPU is
the process' own, for each request.`,
  options: {
    requests: number('requests of a round', 20_000, { max: 10_000_000 }),
    rounds: number('rounds', 5, { max: 1_000 }),
    connections: number('connections, each with one request at a time', 64, { max: 10_000 }),
  },
  run: ({ requests, rounds: count, connections }) =>
    withOwnSystem({ name: 'polls', house: { ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 } }, async (system) => {
      const sides = await startSides(system);
      const rounds: Record<Side['name'], Round[]> = { polls: [], line: [], gate: [], 'express-noop': [] };
      for (const side of sides) await playRound(side, Math.min(requests, WARM_UP_REQUESTS), connections);
      for (let i = 0; i < count; i += 1) {
        for (const side of sides) rounds[side.name].push(await playRound(side, requests, connections));
      }
      return compare(rounds);
    }),
});
