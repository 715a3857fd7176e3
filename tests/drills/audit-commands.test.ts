import { afterEach, expect, test } from '@jest/globals';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, run, startFrontrow, until } from '../support/processes.ts';

afterEach(cleanUp);

const command = (target: string, folder: string, ...args: string[]) =>
  run(`commands/${target}`, args, { DATA_DIR: folder }).ended;

/** As a backup from before the bookings would: the feed lacks them too. */
const LOSE_BOOKINGS = `
  DELETE FROM booking; DELETE FROM seat; DELETE FROM change_batch WHERE type LIKE 'booking.%';
  UPDATE feed SET floor = last`;

test('the commands audit a running system, report every difference, and rebuild it', async () => {
  const folder = dataFolder();
  const { url, databaseUrl } = await startFrontrow(folder);
  const reserve = () => send(url, 'POST', '/reserve?wait=20', { count: 2 });
  for (let i = 0; i < 5; i += 1) expect((await reserve()).status).toBe(200);
  let herding = true;
  const herd = (async () => {
    while (herding) await Promise.all([reserve(), reserve(), reserve()]);
  })();
  const underLoad = await command('audit', folder);
  herding = false;
  await herd;
  expect(underLoad).toMatchObject({ code: 0, output: expect.stringMatching(/^Event 1: .*: 0 differences\n$/) });

  const occupied = async () => (await send(url, 'GET', '/availability/check-all')).body.occupiedSeats;
  const sold = await occupied();
  const client = await connectPostgres({ connectionString: databaseUrl });
  const { rows } = await client.query(
    `DELETE FROM seat WHERE ctid = (SELECT ctid FROM seat ORDER BY zone, row, number LIMIT 1)
     RETURNING concat_ws('-', zone, row, number) AS label`,
  );
  const found = await command('audit', folder, '--event', '1');
  expect(found.code).toBe(1);
  expect(found.output).toContain(`booking and seats: ${rows[0].label} of `);
  await client.query(LOSE_BOOKINGS);
  await client.end();
  expect(await command('rebuild', folder)).toMatchObject({
    code: 0,
    output: expect.stringMatching(`^Event 1: 40 rows, 2600 seats, ${sold} of them in doubt, in [\\d.]+ s\n$`),
  });
  expect(await command('audit', folder)).toMatchObject({ code: 0 });
  expect(await occupied()).toBe(sold); // clients were told these bookings
  expect(await command('audit', folder, '--event', '99')).toMatchObject({ code: 78 });
});

test('the seats of bookings that PostgreSQL lost are listed as in doubt, and restored or freed', async () => {
  const folder = dataFolder();
  const { url, databaseUrl } = await startFrontrow(folder);
  const book = async () => {
    const { zone, row, startIndex } = (await send(url, 'POST', '/reserve?wait=20', { count: 2 })).body;
    return [1, 2].map((number) => `${zone}-${row}-${Number(startIndex) + number}`);
  };
  const [restored, freed] = [await book(), await book()];
  const client = await connectPostgres({ connectionString: databaseUrl });
  await client.query(LOSE_BOOKINGS);
  await client.end();

  const settle = (...args: string[]) => command('settle-doubt', folder, ...args);
  await until(async () => (await settle()).output.startsWith('Event 1: 4 seats in doubt'), 60_000);
  expect((await settle()).output).toContain(`  ${restored[0]}: told CONFIRMED, booking `);
  expect(await settle('--free', freed.join(','))).toMatchObject({ code: 78 });
  const free = await settle('--event', '1', '--free', freed.join(','));
  expect(free).toMatchObject({ code: 0, output: expect.stringContaining('2 seats in doubt') });
  const restore = await settle('--event', '1', '--restore', restored.join(','));
  expect(restore).toMatchObject({ code: 0, output: expect.stringContaining('0 seats in doubt') });
  expect(await command('audit', folder)).toMatchObject({ code: 0 });
  expect(await book()).toEqual(freed);
});
