import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SeatsConnection } from '../../../../client/src/index.ts';
import type { EventView } from '../../../../shared/contract/events.ts';
import { createHouse } from '../../../house/house.ts';
import { watchHouse } from '../../../house/live.ts';

/** Milliseconds between two looks at the seats: a herd changes hundreds a second. */
const REDRAW_MS = 250;

/** The seats of an event, kept equal to the server's. `version` grows as they change. */
export function useLiveHouse(event: EventView, houseChanged: () => void) {
  const house = useMemo(() => createHouse(event), [event]);
  const [connection, setConnection] = useState<SeatsConnection>('connecting');
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stopListening = house.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion((last) => last + 1);
      }, REDRAW_MS);
    });
    const unwatch = watchHouse(event, house, { connection: setConnection, houseChanged });
    return () => {
      clearTimeout(timer);
      stopListening();
      unwatch();
    };
  }, [house]);
  return { house, connection, version };
}
