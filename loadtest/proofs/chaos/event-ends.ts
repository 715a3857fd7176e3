import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { below, between } from '../../kit/random.ts';
import { query } from '../../kit/standby.ts';
import { sendBuyers } from './buyers.ts';
import type { ChaosRig } from './rig.ts';
import { AREA, HOUSE } from './rig.ts';
import { randomPart, type Scene, withRedis } from './scene.ts';

/** The house of the event that ends: larger than the other, so that the deletion of its keys takes a while. */
const ZONES = [
  ...Array.from({ length: HOUSE.ZONES }, () => ({ rows: 2 * HOUSE.ROWS, seatsPerRow: HOUSE.SEATS_PER_ROW })),
  { area: true, capacity: 2 * AREA.capacity },
];

/** Seconds of a hold: some expire after the end. */
const HOLD_SECONDS = 6;

/** Milliseconds before the end from which PostgreSQL is slow. */
const SLOW_MS = 1_000;

/** Milliseconds of sales after the end, and in which the keys must begin to leave Redis. */
const AFTER_MS = 3_000;
const CLOSING_WITHIN_MS = 30_000;

const eventBody = z.object({ id: z.int() });

async function createEvent(url: string, endsAtMs: number): Promise<number> {
  const event = {
    name: 'Matinee',
    currency: 'EUR',
    holdSeconds: HOLD_SECONDS,
    endsAt: new Date(endsAtMs),
    zones: ZONES,
  };
  const answer = await fetch(`${url}/api/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  return eventBody.parse(await answer.json()).id;
}

/**
 * Sells a second event that ends in the middle. PostgreSQL is slow at the end, so that claims from before it are saved
 * after it. Kills one worker then, and one while it deletes the keys of the event.
 */
export async function endEvent({ rig, random, ledger, progress }: Scene): Promise<void> {
  const endsAtMs = Date.now() + between(random, 5_000, 8_000);
  const eventId = await createEvent(String(rig.urls[0]), endsAtMs);
  const buyers = sendBuyers(rig.urls, below(random, 1_000_000), ledger, { eventId });
  const first = randomPart(random, 'worker');
  const killedMs = between(random, 200, 600);
  await sleep(endsAtMs - SLOW_MS - Date.now());
  rig.postgresProxy.delay(between(random, 50, 150));
  await sleep(endsAtMs + killedMs - Date.now());
  await rig.signal(first, 'SIGKILL');
  rig.postgresProxy.pass();
  await untilClosing(rig, eventId);
  const second = first === 'worker 1' ? 'worker 2' : 'worker 1';
  await rig.signal(second, 'SIGKILL');
  progress(`kill -9 ${first} ${Math.round(killedMs)} ms after the end, ${second} while keys are deleted`);
  await sleep(AFTER_MS);
  await buyers.stop();
}

/** @throws Error where the keys of an ended event stay */
const untilClosing = (rig: ChaosRig, eventId: number): Promise<void> =>
  withRedis(rig, async (redis) => {
    const house = `${keysOf(0).houseStem}${eventId}`;
    const deadline = performance.now() + CLOSING_WITHIN_MS;
    while ((await redis.exists(house)) === 1) {
      if (performance.now() > deadline)
        throw new Error(`the keys of an ended event stay ${CLOSING_WITHIN_MS / 1000} s`);
      await sleep(1);
    }
  });

/** Keys that Redis has of ended events, except those that expire by themselves. */
export async function keysOfEnded(rig: ChaosRig): Promise<string[]> {
  const rows = await query<{ id: number }>(rig.postgres.url, 'SELECT id FROM event WHERE ends_at <= clock_timestamp()');
  if (rows.length === 0) return [];
  const ended = new Set(rows.map(({ id }) => id));
  const keysOfHouse = keysOf(0);
  const { tag, houseStem, seatsStem, heldStem, lockStem, countsStem, buyersStem } = keysOfHouse;
  const { fullStem, neatStem, areaStem } = keysOfHouse;
  const stems = [houseStem, seatsStem, heldStem, lockStem, countsStem, buyersStem, fullStem, neatStem, areaStem];
  const keys = await withRedis(rig, (redis) => redis.keys(`${tag}:*`));
  const isLeft = (key: string) =>
    stems.some((stem) => key.startsWith(stem) && ended.has(Number.parseInt(key.slice(stem.length), 10)));
  return keys.filter(isLeft).map((key) => `${key} of an ended event`);
}

/** Whether the keys of ended events have left Redis. */
export const areEndedClosed = async (rig: ChaosRig): Promise<boolean> => (await keysOfEnded(rig)).length === 0;

/** Bookings of an event that were saved after its end. */
export async function savedAfterEnd(rig: ChaosRig): Promise<string[]> {
  const late = await query<{ id: string }>(
    rig.postgres.url,
    `SELECT booking.id FROM booking JOIN event ON event.id = booking.event_id
     WHERE booking.created_at >= event.ends_at AND booking.status <> 'FAILED'`,
  );
  return late.map(({ id }) => `${id}: saved after the end of its event`);
}
