import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { FeedStore } from '../shared/stores/postgres/feed.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

/** Milliseconds by which a run looks back before the one before it: a change is seen once it is committed. */
const LOOK_BACK_MS = 10_000;

type NoteDeps = {
  events: Pick<
    EventStore,
    'isAnyToOpen' | 'noteOpened' | 'runningIds' | 'changedSince' | 'layout' | 'noteSoldOut' | 'noteSeatsLeft'
  >;
  seats: Pick<SeatStore, 'countsByZone'>;
  feed: Pick<FeedStore, 'end'>;
};

/**
 * Notes in the feed what no statement makes: that an event went on sale, and that it is sold out. Only events of which
 * something changed are counted; the first run of a process counts all. An event that cannot be counted holds up no
 * other, and is counted again by the next run.
 *
 * @returns the function that runs it once. It throws the first fault, after everything else is done
 */
export function createNoteEvents({ events, seats, feed }: NoteDeps) {
  let lastRunMs: number | undefined;

  async function compare(eventId: number): Promise<void> {
    const house = await events.layout(eventId);
    if (house === undefined || house.totalSeats === 0) return;
    const counts = [...(await seats.countsByZone(house)).values()];
    const isSoldOut = counts.every(({ available, held }) => available === 0 && held === 0);
    await (isSoldOut ? events.noteSoldOut(eventId) : events.noteSeatsLeft(eventId));
  }

  return async function noteEvents(): Promise<void> {
    if (await events.isAnyToOpen()) await events.noteOpened();
    await feed.end(); // a first reader must not find all changes of a year without numbers
    const startedMs = Date.now();
    const ids = await (lastRunMs === undefined ? events.runningIds() : events.changedSince(lastRunMs - LOOK_BACK_MS));
    const faults: unknown[] = [];
    for (const id of ids) await compare(id).catch((fault: unknown) => void faults.push(fault));
    for (const fault of faults) throw fault;
    lastRunMs = startedMs;
  };
}
