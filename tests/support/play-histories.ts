import { Model } from './booking-model.ts';
import { compare } from './compare-histories.ts';
import { bookAll } from './history-bookings.ts';
import { changeAll, exchangeAll, repeatAll } from './history-changes.ts';
import { playEnding } from './history-ending.ts';
import { orderAll } from './history-orders.ts';
import { lapse, picked, type Stage, sweep } from './history-stage.ts';
import type { Group } from './history-steps.ts';

/** Plays a group of histories, and compares each outcome and what is left with the models. */
export async function play(stage: Stage, { histories, ending }: Group): Promise<void> {
  const { system, played, madeReleases } = stage;
  await system().prisma.event.update({ where: { id: 1 }, data: { endsAt: null, cancelledAt: null, closedAt: null } });
  await system().clearEvent();
  await system().seats.open(1);
  const { last: told } = await system().feed.end();
  played.groups += 1;
  const models = histories.map((_, i) => new Model(i + 1, `${played.groups}-${i}`));
  const longest = Math.max(...histories.map((history) => history.length));
  const end = playEnding(stage, ending, models);
  for (let at = 0; at < longest; at += 1) {
    const steps = models.flatMap((model, i) => {
      const step = histories[i]?.[at];
      return step === undefined ? [] : [{ model, step }];
    });
    await lapse(
      stage,
      steps.flatMap(({ model, step }) => (step.do === 'lapse' ? (picked(model.bookings, step.nth) ?? []) : [])),
    );
    await bookAll(stage, steps, (requests) => end.before(at, requests));
    await end.after(at);
    await changeAll(stage, steps);
    await exchangeAll(stage, steps);
    await orderAll(stage, models, steps);
    await repeatAll(stage, steps);
    if (steps.some(({ step }) => step.do === 'forget release')) {
      await system().prisma.seatRelease.createMany({ data: madeReleases, skipDuplicates: true });
      await sweep(stage, models);
    }
    if (steps.some(({ step }) => step.do === 'sweep')) await sweep(stage, models);
  }
  await end.after(Number.POSITIVE_INFINITY);
  await compare(stage, models, told);
}
