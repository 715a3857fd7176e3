import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../shared/platform/logger.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

/** Milliseconds that the house under way gets when the worker stops: another worker restores it again. */
const STOP_MS = 1_000;

type OpenDeps = { events: Pick<EventStore, 'idsOnSaleFirst'>; seats: Pick<SeatStore, 'open'>; log: Logger };

/** Houses that are opened at once: one that is slow leaves the other place to all others. */
const HOUSES_AT_ONCE = 2;

/**
 * Opens all houses in the background, those on sale first. The first claim opens a closed house as well: opened here,
 * the first buyer does not wait for it. No job waits for this, and no house for one that fails or is slow.
 *
 * @returns `opened` resolves once no house is left to open; `stop` ends it before
 */
export function openHouses({ events, seats, log }: OpenDeps): { opened: Promise<void>; stop: () => Promise<void> } {
  let isStopping = false;

  async function openInTurn(eventIds: Iterator<number>): Promise<void> {
    for (let next = eventIds.next(); !next.done && !isStopping; next = eventIds.next()) {
      const eventId = next.value;
      await seats.open(eventId).catch((fault: unknown) => log.error({ err: fault, eventId }, 'opening a house failed'));
    }
  }

  async function openAll(): Promise<void> {
    const eventIds = (await events.idsOnSaleFirst()).values();
    await Promise.all(Array.from({ length: HOUSES_AT_ONCE }, () => openInTurn(eventIds)));
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
