import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../shared/platform/logger.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

/** Milliseconds that the house under way gets when the worker stops: another worker restores it again. */
const STOP_MS = 1_000;

type OpenDeps = { events: Pick<EventStore, 'idsOnSaleFirst'>; seats: Pick<SeatStore, 'open'>; log: Logger };

/**
 * Opens all houses in the background, one after the other, those on sale first. The first claim opens a closed house as
 * well: opened here, the first buyer does not wait for it. No job waits for this, and no house for one that fails.
 *
 * @returns `opened` resolves once no house is left to open; `stop` ends it before
 */
export function openHouses({ events, seats, log }: OpenDeps): { opened: Promise<void>; stop: () => Promise<void> } {
  let isStopping = false;

  async function openAll(): Promise<void> {
    for (const eventId of await events.idsOnSaleFirst()) {
      if (isStopping) return;
      await seats.open(eventId).catch((fault: unknown) => log.error({ err: fault, eventId }, 'opening a house failed'));
    }
  }

  const opened = openAll().catch((fault: unknown) => log.error({ err: fault }, 'listing the houses to open failed'));
  return {
    opened,
    async stop(): Promise<void> {
      isStopping = true;
      await Promise.race([opened, sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}
