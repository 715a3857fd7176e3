import fc from 'fast-check';
import { SEATS } from './model-state.ts';

/** A step of a history. `buyer` is one of its two buyers, `nth` counts through its bookings or its requests. */
export type Step =
  | { do: 'hold' | 'buy'; buyer: number; count: number; start: number | undefined; key: number | undefined }
  | { do: 'confirm'; buyer: number; nth: number; reference: number | undefined }
  | { do: 'extend' | 'cancel'; buyer: number; nth: number }
  /** A buyer gives up the `part` of the seats of a hold: a bit for each seat that it began with. */
  | { do: 'reduce'; buyer: number; nth: number; part: number }
  /** An operator returns a sold booking of any user, or a part of its seats. */
  | { do: 'return'; nth: number; part: number | undefined }
  /** A buyer exchanges a hold, or an operator a sold booking, for seats side by side. */
  | { do: 'exchange'; buyer: number; nth: number; count: number; start: number | undefined }
  /** One payment for a booking, and perhaps `also` another one. `isOther`: of the other buyer. */
  | {
      do: 'order';
      of: 'ended holds' | 'holds' | 'any';
      nth: number;
      also: number | undefined;
      isOther: boolean;
      teller: 'server' | 'server for buyer' | 'buyer';
      reference: number;
      amount: 'right' | 'wrong' | 'none';
      /** Of a hold that has just lapsed: a worker has ended it, and died before it freed the seats in Redis. */
      isCut: boolean;
    }
  /** An earlier payment is told again, or the job of its order is delivered again. */
  | { do: 'tell again' | 'deliver again'; nth: number }
  /** Money of an order is given back: the price of one seat, or all that is due. */
  | { do: 'refund'; nth: number; isPart: boolean }
  /** The time of a hold runs out; no worker has expired it yet. */
  | { do: 'lapse'; nth: number }
  /** A worker expires the holds whose time has run out. */
  | { do: 'sweep' }
  /** A worker dies before it records that seats are released: the next sweep releases them again. */
  | { do: 'forget release' }
  /** The job of an earlier request is delivered again; with `isForgotten`, after Redis has lost its ticket. */
  | { do: 'retry'; nth: number; isForgotten: boolean }
  /** The job of an earlier change that was made is delivered again, after Redis has lost its ticket. */
  | { do: 'repeat'; nth: number };

// Each history plays in a short row or a small area of its own, with two buyers of its own. Many are played side by
// side, step by step, so that their requests share batches. The more there are the less each costs; a planted bug is
// found among few.
export const TOGETHER = 250;
const FEW_TOGETHER = 100;

/**
 * The end of the event in the middle of a group of histories, at a step. A worker has claimed the requests of this step
 * and is stopped: it resumes later, and the jobs of its requests go to other workers meanwhile.
 */
export type Ending = {
  how: 'by its time' | 'by an operator' | 'cancelled';
  at: number;
  /** Whether the keys of the event leave Redis at once. */
  isClosed: boolean;
  /** Steps from the end until an operator moves it to later, and until the worker resumes. */
  movedAfter: number | undefined;
  resumedAfter: number;
};

export type Group = { histories: readonly Step[][]; ending: Ending | undefined };

const buyer = fc.integer({ min: 0, max: 1 });
const nth = fc.nat({ max: 20 });
const part = fc.integer({ min: 1, max: 7 });
const oneIn = (times: number) => fc.nat({ max: times - 1 }).map((n) => n === times - 1);
const optional = (max: number) => fc.option(fc.nat({ max }), { nil: undefined });
const fitsInRow = ({ start = 0, count }: { start: number | undefined; count: number }) => start + count <= SEATS;
const booking = fc
  .record({
    do: fc.constantFrom('hold' as const, 'hold' as const, 'buy' as const),
    buyer,
    count: fc.integer({ min: 1, max: 3 }),
    start: optional(SEATS - 1),
    key: optional(1),
  })
  .filter(fitsInRow);
const payment = fc.record({
  do: fc.constant('order' as const),
  of: fc.constantFrom('ended holds' as const, 'ended holds' as const, 'holds' as const, 'any' as const),
  nth,
  also: fc.option(nth, { nil: undefined, freq: 2 }),
  isOther: oneIn(6),
  teller: fc.constantFrom('server' as const, 'server for buyer' as const, 'buyer' as const),
  reference: fc.nat({ max: 2 }),
  amount: fc.constantFrom('right' as const, 'none' as const, 'none' as const, 'wrong' as const),
  isCut: oneIn(20),
});
const paymentAgain = fc.record({ do: fc.constantFrom('tell again' as const, 'deliver again' as const), nth });
const lapse = fc.record({ do: fc.constant('lapse' as const), nth });
const sweeping = fc.record({ do: fc.constantFrom('sweep' as const, 'forget release' as const) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: booking },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('confirm' as const), buyer, nth, reference: optional(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('extend' as const, 'cancel' as const), buyer, nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reduce' as const), buyer, nth, part }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('return' as const), nth, part: fc.option(part, { nil: undefined }) }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        do: fc.constant('exchange' as const),
        buyer,
        nth,
        count: fc.integer({ min: 1, max: 3 }),
        start: optional(SEATS - 1),
      })
      .filter(fitsInRow),
  },
  { weight: 6, arbitrary: payment },
  { weight: 2, arbitrary: paymentAgain },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refund' as const), nth, isPart: fc.boolean() }) },
  { weight: 2, arbitrary: lapse },
  { weight: 1, arbitrary: sweeping },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), nth, isForgotten: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), nth }) },
);
/** Steps of which most are payments, among them for holds whose seats were booked again. */
const payingStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: booking },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), buyer, nth }) },
  { weight: 5, arbitrary: payment },
  { weight: 3, arbitrary: paymentAgain },
  { weight: 1, arbitrary: lapse },
  { weight: 1, arbitrary: sweeping },
);
/** Ends of the event. */
const ending: fc.Arbitrary<Ending> = fc.record({
  how: fc.constantFrom('by its time' as const, 'by an operator' as const, 'cancelled' as const),
  at: fc.nat({ max: 9 }),
  isClosed: fc.boolean(),
  movedAfter: optional(3),
  resumedAfter: fc.nat({ max: 4 }),
});
/** Histories that are played together, in an event that may end. */
const groupOf = (
  together: number,
  ending: fc.Arbitrary<Ending | undefined>,
  ofStep: fc.Arbitrary<Step> = step,
): fc.Arbitrary<Group> => {
  const history = fc.array(ofStep, { minLength: 3, maxLength: 12 });
  return fc.record({ histories: fc.array(history, { minLength: together, maxLength: together }), ending });
};
const noEnding = fc.constant(undefined);
/** Two groups: the event of the second one ends. */
export const twoGroups = fc.tuple(groupOf(TOGETHER, noEnding), groupOf(TOGETHER, ending));
/** Smaller groups, in which planted bugs are found: half of them with an end of the event. */
export const smallGroup = fc.tuple(groupOf(FEW_TOGETHER, fc.option(ending, { nil: undefined, freq: 2 })));
/** Of which each has an end. */
export const smallEndingGroup = fc.tuple(groupOf(FEW_TOGETHER, ending));
/** Of which most steps are payments. */
export const smallPayingGroup = fc.tuple(groupOf(FEW_TOGETHER, noEnding, payingStep));
