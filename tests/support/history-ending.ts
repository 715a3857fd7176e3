import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { Model } from './booking-model.ts';
import type { Stage } from './history-stage.ts';
import type { Ending } from './history-steps.ts';
import { cancelSales } from './order-model.ts';

const HOUR_MS = 3_600_000;

/** Plays the end of the event: `before` the requests of a step go to workers, and `after` they did. */
export function playEnding({ system, run, played }: Stage, ending: Ending | undefined, models: readonly Model[]) {
  const { how, at: endsAt = Number.POSITIVE_INFINITY, isClosed, movedAfter, resumedAfter = 0 } = ending ?? {};
  const moveTo = (date: Date) =>
    system().prisma.$transaction((transaction) => run.events.change(1, { endsAt: date.toISOString() }, transaction));
  let isMoved = how === 'cancelled' || movedAfter === undefined;
  let resume: (() => Promise<void>) | undefined;

  async function before(at: number, requests: readonly BookRequest[]): Promise<void> {
    if (at !== endsAt) return;
    played.endings += 1;
    const { prisma, events } = system();
    const claimed = requests.length === 0 ? [] : await run.seats.claim(0, requests);
    resume = () => run.resume(claimed)(0, requests);
    const past = new Date(Date.now() - HOUR_MS);
    if (how === 'by its time') await prisma.event.update({ where: { id: 1 }, data: { endsAt: past } });
    else if (how === 'by an operator') await moveTo(past);
    else await prisma.$transaction((transaction) => events.cancel(1, transaction));
    if (how !== 'by its time') await run.seats.reopen(1); // as the operator's job does
    if (isClosed) await run.close();
    for (const model of models) {
      model.hasEnded = true;
      if (how === 'cancelled') cancelSales(model);
    }
  }

  async function after(at: number): Promise<void> {
    if (!isMoved && movedAfter !== undefined && at >= endsAt + movedAfter && at !== Number.POSITIVE_INFINITY) {
      isMoved = true;
      await moveTo(new Date(Date.now() + HOUR_MS));
      await run.seats.reopen(1);
      for (const model of models) model.hasEnded = false;
    }
    if (resume === undefined || at < endsAt + resumedAfter) return;
    await resume();
    resume = undefined;
    await run.seats.open(1); // as a late job does
  }

  return { before, after };
}
