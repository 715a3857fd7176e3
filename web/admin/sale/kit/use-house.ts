import { useEffect, useMemo, useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import { createHouse } from '../../../house/house.ts';
import { type Connection, createLive } from '../../../house/live.ts';

/** Milliseconds between two looks at the seats: a herd changes hundreds a second. */
const REDRAW_MS = 250;

/** The seats of an event, kept equal to the server's. `version` grows as they change. */
export function useLiveHouse(event: EventView, houseChanged: () => void) {
  const house = useMemo(() => createHouse(event), [event]);
  const [connection, setConnection] = useState<Connection>('connecting');
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stopListening = house.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion((last) => last + 1);
      }, REDRAW_MS);
    });
    const live = createLive(event, house, { connection: setConnection, ticket: () => {}, houseChanged });
    return () => {
      clearTimeout(timer);
      stopListening();
      live.stop();
    };
  }, [house]);
  return { house, connection, version };
}
