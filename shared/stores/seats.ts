import type { Redis } from 'ioredis';
import { errorCodes } from '../contract/codes.ts';
import type { BookRequest, HouseReport } from '../contract/jobs.ts';
import type { RunWish } from '../contract/reserve.ts';
import type { Alternative, Refusal } from '../contract/tickets.ts';
import type { EndedHolding, Holding } from '../domain/holdings.ts';
import { type House, runOf, seatOf, type Zone } from '../domain/house.ts';
import { holdLockMs, LOCK_GRACE_MS } from '../domain/seat-locks.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import { metrics } from '../telemetry/metrics.ts';
import type { OwnedSeat } from './postgres/bookings.ts';
import type { EventStore } from './postgres/events.ts';
import { keysOf } from './redis/keys.ts';
import { type FieldValues, pushFields } from './redis/script-values.ts';
import type { Scripts } from './redis/scripts.ts';
import { createHouseOpener } from './restore-house.ts';
import { createSeatReader } from './seat-reader.ts';

/** What the claim script decided for one ticket. A refusal is a decision too. */
export type Decision =
  | { kind: 'got'; generation: number; seats: string[] }
  | { kind: 'refused'; refusal: Refusal }
  /** The ticket has its outcome already: this is a job that ran before. */
  | { kind: 'settled' }
  /** Redis does not know the event's house: it has to be opened first. */
  | { kind: 'closed' };

/** Seats that one script call frees or sells: some ten milliseconds in which nobody else has Redis. */
const CHANGE_SEATS = 250;

/** How often a house that is found closed is opened before a change gives up, to be tried again with its job. */
const MAX_OPENINGS = 5;

/** Exact seats that are one run, as the wish for that run, which is decided faster. */
function asRun(labels: readonly string[]): RunWish | undefined {
  const run = runOf(labels);
  return run && { zone: run.zone, row: run.row, start: run.startIndex, count: labels.length };
}

function parseDecision(text: string, count: number): Decision {
  if (text === 'SETTLED') return { kind: 'settled' };
  if (text === 'REBUILD') return { kind: 'closed' };
  const [verdict, generation, ...rest] = text.split(' ');
  if (verdict === 'GOT') return { kind: 'got', generation: Number(generation), seats: rest };
  const [code, ...tells] = rest;
  const known = errorCodes.find((one) => one === code);
  if (known === undefined) throw new Error(`claimSeats answered ${text}`);
  const toldMoment = () => new Date(Number(tells[0])).toISOString();
  if (known === 'NOT_ON_SALE') return { kind: 'refused', refusal: { code: known, onSaleAt: toldMoment() } };
  if (known === 'HOLD_COOLDOWN') return { kind: 'refused', refusal: { code: known, holdAgainAt: toldMoment() } };
  const [places, [held]] = [tells.filter((one) => one.includes(':')), tells.filter((one) => !one.includes(':'))];
  const alternatives = places.map((place): Alternative => {
    const [zone = 0, row = 0, startIndex, seatsCount = count] = place.split(':').map(Number);
    return { zone, row, ...(startIndex === undefined ? {} : { startIndex }), seatsCount };
  });
  const refusal: Refusal = { code: known };
  if (held !== undefined) refusal.heldSeats = Number(held);
  if (alternatives.length > 0) refusal.alternatives = alternatives;
  return { kind: 'refused', refusal };
}

/** Seats in Redis: who has what right now, decided fast. PostgreSQL decides right. */
export function createSeatStore(deps: {
  redis: Redis;
  scripts: Scripts;
  prisma: PrismaClient;
  events: EventStore;
  shards: number;
}) {
  const { redis, scripts, events, shards } = deps;
  const shardOf = (eventId: number) => shardOfEvent(eventId, shards);
  const house = createHouseOpener(deps);

  /**
   * Runs a script that changes seats, some at once. One that finds the house closed changes nothing and is run again once
   * it is open: what is restored meanwhile may be older than the change.
   */
  async function changeSeats<Name extends 'releaseSeats' | 'renewLocks' | 'mendSeats'>(
    name: Name,
    eventId: number,
    firstArgs: readonly number[],
    seats: readonly FieldValues<Name>[],
  ): Promise<number> {
    let changed = 0;
    for (let from = 0; from < seats.length; from += CHANGE_SEATS) {
      const args: (string | number)[] = [eventId, ...firstArgs];
      for (const seat of seats.slice(from, from + CHANGE_SEATS)) pushFields(args, name, seat);
      let reply: number | 'REBUILD' = 'REBUILD';
      for (let openings = 0; reply === 'REBUILD'; openings += 1) {
        reply = await scripts<number | 'REBUILD'>(name, shardOf(eventId), args);
        if (reply !== 'REBUILD') break;
        if (openings === MAX_OPENINGS) throw new Error(`the house of event ${eventId} does not stay open`);
        await house.open(eventId);
      }
      changed += Number(reply);
    }
    return changed;
  }

  return {
    open: house.open,
    reopen: house.reopen,
    rebuild: house.rebuild,
    ...createSeatReader(deps),

    /**
     * Decides a batch of requests of one shard, in order: all seats or none for each. A ticket that comes again gets the
     * decision it got before.
     */
    async claim(shard: number, requests: readonly BookRequest[]): Promise<Decision[]> {
      const args: (string | number)[] = [];
      for (const { ticketId, eventId, wish, hold, userId, admission: pass } of requests) {
        const run = 'seats' in wish ? asRun(wish.seats) : wish;
        const labels = run === undefined && 'seats' in wish ? wish.seats : [];
        const { zone = 0, row = 0, start = -1, count = labels.length } = run ?? {};
        pushFields(args, 'claimSeats', {
          ticketId,
          event: eventId,
          zone,
          row,
          start,
          seatCount: count,
          labels: labels.join(' '),
          user: userId ?? '',
          hold: hold ? 1 : 0,
          admission: pass === undefined ? '' : `${pass.generation}:${pass.position}:${pass.uses}:${pass.untilMs}`,
        });
      }
      const decisions = await scripts<string[]>('claimSeats', shard, args);
      return decisions.map((text, i) => {
        const wish = requests[i]?.wish;
        return parseDecision(text, wish && 'seats' in wish ? wish.seats.length : (wish?.count ?? 0));
      });
    },

    /** Frees what tickets still own of these seats of an event and forgets their claims, so that they can be decided anew. */
    release(eventId: number, holdings: readonly EndedHolding[]): Promise<number> {
      const seats = holdings.flatMap(({ ticketId, userId, seats: labels, lapsed }) =>
        labels.map((label) => {
          const { zone, row, number: seat } = seatOf(label);
          return { ticketId, user: userId ?? '', zone, row, seat, lapsed: lapsed ? 1 : 0 };
        }),
      );
      return changeSeats('releaseSeats', eventId, [], seats);
    },

    /**
     * Sets the expiry of tickets' seat locks to that of their holds, with a grace, or removes it (`holdMs` 0) for sold
     * seats, which also clears their buyers' lapses.
     */
    renew(eventId: number, holdings: readonly (Holding & { holdMs: number })[]): Promise<number> {
      const seats = holdings.flatMap(({ ticketId, userId, seats: labels, holdMs }) => {
        const lockMs = holdMs === 0 ? 0 : holdMs + LOCK_GRACE_MS;
        return labels.map((label) => {
          const { zone, row, number: seat } = seatOf(label);
          return { ticketId, user: userId ?? '', zone, row, seat, lockMs };
        });
      });
      return changeSeats('renewLocks', eventId, [], seats);
    },

    /** Makes seats belong to whom PostgreSQL says. Answers how many bits were missing. */
    async mend(eventId: number, seats: readonly OwnedSeat[]): Promise<number> {
      const layout = await events.layout(eventId);
      if (layout === undefined) throw new Error(`event ${eventId} has no house`);
      const owned = seats.map(({ bookingId: ticketId, number: seat, zone, row, status }) => {
        return { ticketId, zone, row, seat, status };
      });
      const mended = await changeSeats('mendSeats', eventId, [holdLockMs(layout)], owned);
      metrics.seatsMended.inc(mended);
      return mended;
    },

    /** The seats that a ticket has claimed, as its record tells: none where it was refused, or where Redis forgot it. */
    async claimedBy(shard: number, ticketId: string): Promise<string[]> {
      const claim = await redis.hget(`${keysOf(shard).ticketStem}${ticketId}`, 'claim');
      const [verdict, , ...labels] = (claim ?? '').split(' ');
      return verdict === 'GOT' ? labels : [];
    },

    /** Sets a zone's counters to what its bitmaps have. Answers how many were wrong. */
    recount: (eventId: number, zone: Zone): Promise<number> =>
      scripts('recountZone', shardOf(eventId), [eventId, zone.number, zone.rows]),

    /** What an operator is told of an open house. */
    report: (house: House): HouseReport => ({
      eventId: house.eventId,
      rows: house.totalRows,
      seats: house.totalSeats,
    }),
  };
}

export type SeatStore = ReturnType<typeof createSeatStore>;
