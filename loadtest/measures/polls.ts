import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startNodePart } from '../../commands/supervise/node-part.ts';
import { cpuSeconds } from '../kit/cpu.ts';
import { hammer } from '../kit/hammer.ts';
import { ADMIN_TOKEN, startOwnSystem } from '../kit/rig.ts';
import { median } from '../kit/statistics.ts';

const HELP = `npm run bench:polls [-- --requests 20000 --rounds 5 --connections 64]

How many polls of the waiting room one API process answers, against express-noop: a route of Express as it comes that reads a small body and
answers nothing. Both are asked in turn on one machine, by one generator, for a few rounds. The middle of the rounds counts; CPU is
what the operating system charged the process with for each request. Ends with 1 where polls come to less than 0.6 of express-noop.`;

const PROMISED = 0.6;
const VISITORS = 500;
const whole = z.coerce.number().int().min(1);
const asked = z.object({ requests: whole.default(20_000), rounds: whole.default(5), connections: whole.default(64) });

type Round = { perSecond: number; cpuMicros: number };

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { requests: text, rounds: text, connections: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return void console.log(HELP);
  const { requests, rounds, connections } = asked.parse(values);
  const system = await startOwnSystem({ name: 'polls', house: { ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 } });
  let noop: Awaited<ReturnType<typeof startNodePart<{ port: number }>>> | undefined;
  try {
    const { logFile } = await system.startWorker();
    noop = await startNodePart<{ port: number }>('loadtest/baselines/express-noop', {
      environment: process.env,
      logFile: join(logFile, '..', 'noop.log'),
    });
    const tokens = await joinLine(system.url);

    /** One round of a contestant. Every answer must be what was asked for. */
    async function round(name: 'polls' | 'express-noop', count: number): Promise<Round> {
      const [url, pid] =
        name === 'polls' ? [system.url, system.api.pid] : [`http://127.0.0.1:${noop?.ready.port}`, noop?.pid ?? 0];
      const [startedAt, cpu] = [performance.now(), cpuSeconds(pid)];
      let wrong = 0;
      const request =
        name === 'polls'
          ? {
              path: '/api/events/1/waiting-room',
              method: 'GET' as const,
              headersOf: (index: number) => ({ 'x-visitor-token': tokens[index % tokens.length] ?? '' }),
            }
          : { path: '/reserve', bodyOf: () => '{"zone":1,"row":1,"count":2}' };
      const { noAnswer } = await hammer({
        ...request,
        ...{ urls: [url], requests: count, connections },
        onAnswer: ({ status, body }) => {
          const right = name === 'polls' ? (body as { status?: string }).status === 'waiting' : status === 202;
          if (!right) wrong += 1;
        },
      });
      if (wrong + noAnswer > 0) throw new Error(`${name}: ${wrong} wrong answers, ${noAnswer} without one`);
      const seconds = (performance.now() - startedAt) / 1000;
      return { perSecond: count / seconds, cpuMicros: ((cpuSeconds(pid) - cpu) / count) * 1e6 };
    }

    const results: Record<'polls' | 'express-noop', Round[]> = { polls: [], 'express-noop': [] };
    for (const name of ['polls', 'express-noop'] as const) await round(name, Math.min(requests, 5_000)); // warm
    for (let i = 0; i < rounds; i += 1) {
      for (const name of ['polls', 'express-noop'] as const) results[name].push(await round(name, requests));
    }
    const middle = (name: keyof typeof results, what: keyof Round) => median(results[name].map((one) => one[what]));
    for (const name of ['express-noop', 'polls'] as const) {
      const [rate, cpu] = [middle(name, 'perSecond'), middle(name, 'cpuMicros')];
      console.log(
        `${name.padEnd(12)} ${Math.round(rate).toLocaleString('en').padStart(7)}/s  ${cpu.toFixed(1)} µs of CPU each`,
      );
    }
    const byRate = middle('polls', 'perSecond') / middle('express-noop', 'perSecond');
    const byCpu = middle('express-noop', 'cpuMicros') / middle('polls', 'cpuMicros');
    console.log(
      `polls come to ${byRate.toFixed(2)} of express-noop by rate, ${byCpu.toFixed(2)} by CPU; promised is ${PROMISED}`,
    );
    if (Math.min(byRate, byCpu) < PROMISED) process.exitCode = 1;
  } finally {
    await noop?.stop();
    await system.close();
  }
}

/** Visitors in a line in which nobody is let in. */
async function joinLine(url: string): Promise<string[]> {
  const path = `${url}/api/events/1/waiting-room`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` };
  const body = JSON.stringify({ mode: 'on', paused: true });
  const changed = await fetch(path, { method: 'PUT', headers, body });
  if (!changed.ok) throw new Error(`switching the room on answered ${changed.status}`);
  const answer = z.object({ visitorToken: z.string().min(1) });
  return Promise.all(
    Array.from(
      { length: VISITORS },
      async () => answer.parse(await (await fetch(path, { method: 'POST' })).json()).visitorToken,
    ),
  );
}

await main().catch((fault: Error) => {
  console.error(fault.message);
  process.exitCode = 1;
});
