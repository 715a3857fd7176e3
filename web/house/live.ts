import type { SeatsConnection } from '../../client/src/index.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { PlanView } from '../../shared/contract/houses.ts';
import { frontrow } from '../frontrow.ts';
import { fits, type House } from './house.ts';

type Listener = {
  connection: (state: SeatsConnection) => void;
  /** The server's house has other zones or rows: its event has to be read again. */
  houseChanged: () => void;
};

/**
 * Keeps a house equal to the server's.
 *
 * @returns a function that ends it
 */
export function watchHouse({ id }: Pick<EventView, 'id'>, house: House, { connection, houseChanged }: Listener) {
  // Without a token, as the map: the head of the page has requested both.
  const readPlan = async () =>
    (await frontrow.attempt<PlanView>('GET', `/api/events/${id}/plan`, { token: null })).body;
  /** Rows that differ, beside the first map: no map can be read without. */
  let plan = house.isPlanMissing() ? readPlan() : undefined;
  // `load` awaits the same promise and throws its fault. Until then a failed read must not count as unhandled.
  plan?.catch(() => undefined);

  return frontrow.watchSeats(id, {
    async load(map) {
      if (!fits(house, map)) {
        houseChanged();
        throw new Error('the map is of another house');
      }
      if (house.isPlanMissing()) {
        const reading = plan ?? readPlan();
        plan = undefined; // a read that failed is repeated with the next map
        house.addPlan(await reading);
      }
      house.load(map);
    },
    apply: house.apply,
    connection,
  });
}
