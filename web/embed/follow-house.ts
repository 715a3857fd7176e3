import type { Core } from '../../client/src/core.ts';
import { FrontrowError, type SeatMap, type SeatsConnection } from '../../client/src/index.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { PlanView } from '../../shared/contract/houses.ts';
import { createHouse, fits, type House } from '../house/house.ts';

export type OpenHouse = { event: EventView; house: House };

type Listener = {
  /** The first map is loaded, or the first one after the house has changed. */
  opened: (open: OpenHouse) => void;
  connection: (state: SeatsConnection) => void;
  /** There is nothing to show. */
  refused: (fault: FrontrowError) => void;
};

/**
 * Opens the house of an event, and keeps it equal to the server's.
 *
 * @returns a function that ends it
 */
export function followHouse(client: Core, eventId: number, listener: Listener): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const readEvent = async () => withSeats(await client.event(eventId, { signal }));
  /** Read beside the first map. */
  let first: Promise<EventView> | undefined = readEvent();
  let house: House | undefined;

  async function open(map: SeatMap): Promise<House> {
    const event = await (first ?? readEvent());
    first = undefined;
    const opened = createHouse(event);
    if (opened.isPlanMissing()) {
      const { body } = await client.request<PlanView>('GET', `/api/events/${eventId}/plan`, { signal });
      opened.addPlan(body);
    }
    if (!fits(opened, map)) throw new Error('the map is of another house'); // it is loaded again
    opened.load(map);
    listener.opened({ event, house: opened });
    return opened;
  }

  const unwatch = client.watchSeats(eventId, {
    async load(map) {
      if (house !== undefined && fits(house, map)) house.load(map);
      else house = await open(map);
    },
    apply: (changes) => house?.apply(changes),
    connection: listener.connection,
  });
  const stop = () => {
    ending.abort();
    unwatch();
  };
  first.catch((fault) => {
    if (signal.aborted) return;
    stop();
    if (!(fault instanceof FrontrowError)) throw fault;
    listener.refused(fault);
  });
  return stop;
}

/** @throws FrontrowError where an event has no seats to show */
function withSeats(event: EventView): EventView {
  if (event.totalSeats > 0) return event;
  throw new FrontrowError('NO_SEATS', 'The event has no seats.', { problem: { code: 'NO_SEATS' } });
}
