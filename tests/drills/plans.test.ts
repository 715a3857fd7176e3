import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../shared/platform/root.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, failureOf, run, startFrontrow } from '../support/processes.ts';

const folder = dataFolder();
let frontrow: Awaited<ReturnType<typeof startFrontrow>>;
beforeAll(async () => {
  frontrow = await startFrontrow(folder);
});
afterAll(cleanUp);

const settings = { DATA_DIR: folder };
const planOf = (name: string) => join(projectRoot, 'docs', 'plans', name);

const PLANS = [
  {
    name: 'theatre',
    args: [planOf('theatre.json'), '--prices', planOf('theatre.prices.json')].concat(
      ...['--accessible', 'Wheelchair', '--companions', 'Companion'],
    ),
    requests: 4_000,
    capacity: 910,
    kept: 12,
  },
  {
    name: 'arena',
    args: [planOf('arena.csv'), '--name', 'Arena', '--prices', 'Standing=5900,Lower=8900,Upper=6900'],
    requests: 12_000,
    capacity: 7_966,
    kept: 8,
  },
  {
    name: 'club',
    args: [planOf('club.csv'), '--name', 'Club', '--prices', 'Front table=12000,Table=9000,Terrace=7000'],
    requests: 1_500,
    capacity: 160,
    kept: 6,
  },
];

/** Sends a herd that buys what it can of an event. It compares PostgreSQL, Redis and the answers. */
async function sellOut(eventId: number, requests: number): Promise<void> {
  const size = ['--requests', String(requests), '--connections', '64'];
  const ended = await run('loadtest/proofs/herd', ['--event', String(eventId), ...size], settings).ended;
  expect(failureOf(ended)).toBeUndefined();
}

for (const { name, args, requests, capacity, kept } of PLANS)
  test(`a herd sells out the ${name}, its kept seats once they are released, and the audit agrees`, async () => {
    const { url, asOperator } = frontrow;
    const { code, output } = await run('commands/import-plan', args, settings).ended;
    expect({ code, output }).toMatchObject({ code: 0 });
    const eventId = Number(/\/events\/(\d+)$/m.exec(output)?.[1]);
    const counts = async () => (await send(url, 'GET', `/api/events/${eventId}`)).body.counts;

    await sellOut(eventId, requests);
    const general = capacity - kept;
    expect(await counts()).toEqual({ total: capacity, available: kept, held: 0, sold: general, blocked: 0 });

    const accessibleUntil = new Date().toISOString();
    expect((await send(url, 'PATCH', `/api/events/${eventId}`, { accessibleUntil }, asOperator)).status).toBe(200);
    await sellOut(eventId, 500);
    expect(await counts()).toEqual({ total: capacity, available: 0, held: 0, sold: capacity, blocked: 0 });

    const audit = await run('commands/audit', ['--event', String(eventId)], settings).ended;
    expect(audit).toMatchObject({ code: 0 });
  });
