import type { ChangeRequest } from '../../shared/contract/jobs.ts';
import type { Prisma } from '../../shared/platform/prisma-client/client.ts';
import type { Stores } from '../../shared/stores/stores.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createCloseEvents } from '../../workers/close-events.ts';
import { createDecideOrders } from '../../workers/decide-orders.ts';
import { createExchange } from '../../workers/exchange-seats.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import type { Model } from './booking-model.ts';
import type { Step } from './history-steps.ts';
import type { ModelBooking } from './model-state.ts';
import type { useSystem } from './system.ts';

/** The system in which histories are played. */
export type System = ReturnType<typeof useSystem>;

type SeatRelease = Prisma.SeatReleaseModel;

/** Releases that are remembered. */
const RELEASES_KEPT = 200;

/**
 * The work of workers. A test plants a bug in their stores.
 *
 * @param madeReleases gets the releases that are made: the last ones
 */
export function historyWorkers(system: ReturnType<System>, madeReleases: SeatRelease[], planted: Partial<Stores> = {}) {
  const { log } = system;
  const stores = { ...system, ...planted };
  const { events, seats, holds, orders } = stores;
  const ofBookings: typeof stores.releases.ofBookings = async (ids) => {
    madeReleases.push(...(await system.prisma.seatRelease.findMany({ where: { bookingId: { in: [...ids] } } })));
    madeReleases.splice(0, madeReleases.length - RELEASES_KEPT);
    return stores.releases.ofBookings(ids);
  };
  const releases = { ...stores.releases, ofBookings };
  const releaseSeats = createReleaseSeats({ releases, seats });
  return {
    events,
    seats,
    book: createBook({ ...stores, log }),
    /** A worker that has claimed seats for its requests, and was stopped before it saved them. */
    resume(claimed: Awaited<ReturnType<typeof seats.claim>>) {
      let earlier: typeof claimed | undefined = claimed;
      const claim: typeof seats.claim = async (shard, requests) => {
        const decisions = earlier ?? (await seats.claim(shard, requests));
        earlier = undefined;
        return decisions;
      };
      return createBook({ ...stores, seats: { ...seats, claim }, log });
    },
    change: createChange({ ...stores, releaseSeats }),
    exchange: createExchange({ ...stores, releaseSeats }),
    sweep: createExpire({ holds, releases, releaseSeats }),
    orders,
    decide: createDecideOrders({ ...stores, releases, releaseSeats }),
    close: createCloseEvents({ events, seats }),
  };
}

type HistoryWorkers = ReturnType<typeof historyWorkers>;

/** Rewrites a change before a worker gets it: how a test plants a bug. */
export type Plant = (request: ChangeRequest, model: Model) => ChangeRequest;

/** All that is needed to play histories. */
export type Stage = {
  system: System;
  run: HistoryWorkers;
  plant: Plant;
  /** The last releases that were made, also in groups before: made again, they must free no seat of this one. */
  madeReleases: SeatRelease[];
  /** Counts of all that was played so far. `lateSales`: holds that a payment sold after they had ended. */
  played: { groups: number; endings: number; returns: number; lateSales: number };
};

/** A step of the history of a model, as many of them are played at once. */
export type Move = { model: Model; step: Step };

/** The operator of all that only operators do. */
export const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

/** The outcomes of requests, in their order. */
export const outcomesOf = ({ system }: Stage, requests: readonly { ticketId: string }[]) =>
  system().outcomesOf(requests.map((request) => request.ticketId));

/** Runs the requests as two jobs at the same time, as two workers do. */
export async function inTwoJobs<Request>(
  requests: readonly Request[],
  job: (half: readonly Request[]) => Promise<void>,
) {
  const halves = [requests.filter((_, i) => i % 2 === 0), requests.filter((_, i) => i % 2 === 1)];
  await Promise.all(halves.filter((half) => half.length > 0).map(job));
}

/** The nth item, counted round and round. */
export const picked = <Item>(items: readonly Item[], nth: number): Item | undefined => items[nth % items.length];

/** A worker ends what has lapsed, and frees the seats of all releases. */
export async function sweep({ run }: Stage, models: readonly Model[]): Promise<void> {
  await run.sweep();
  for (const model of models) model.sweep();
}

/** The time of holds runs out. */
export async function lapse({ system }: Stage, bookings: readonly ModelBooking[]): Promise<void> {
  const due = bookings.filter((booking) => booking.status === 'PENDING');
  for (const booking of due) booking.lapsed = true;
  const data = { expiresAt: new Date(Date.now() - 1_000) };
  if (due.length > 0)
    await system().prisma.booking.updateMany({ where: { id: { in: due.map(({ id }) => id) } }, data });
}
