import type { Request, Response } from 'express';
import type { PlanView } from '../../shared/contract/houses.ts';
import type { House } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { refuseQuery } from '../http/query.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import { layoutOf, numberOf } from './event-layout.ts';

/** Bytes of a plan that cost as much as one read. */
const BYTES_OF_READ = 64 * 1024;

/** `GET /api/events/:id/plan`: the rows of the zones whose rows differ or have more to them. */
export function showPlan({ events, heavyReads }: { events: EventStore; heavyReads: HeavyReads }) {
  /** The last plans as text, by the zones of their house: another house has other zones. */
  const texts = new WeakMap<House['zones'], Buffer>();

  return async (req: Request, res: Response) => {
    refuseQuery(req);
    heavyReads.charge(req, res, 1);
    const house = await layoutOf(events, numberOf(req), 'now');
    // A weak tag: prices of categories change the event, and not its plan.
    const headers = { etag: `W/"${house.eventId}-${house.generation}"`, 'cache-control': 'no-cache' };
    if (req.headers['if-none-match']?.includes(headers.etag)) {
      res.writeHead(304, headers);
      res.end();
      return;
    }
    const text = texts.get(house.zones) ?? Buffer.from(JSON.stringify(planOf(house)));
    texts.set(house.zones, text);
    heavyReads.charge(req, res, Math.floor(text.length / BYTES_OF_READ));
    res.writeHead(200, { ...headers, 'content-type': 'application/json; charset=utf-8' });
    res.end(text);
  };
}

function planOf({ eventId, zones, categories }: House): PlanView {
  const names = new Map(categories.map(({ number, name }) => [number, name]));
  const withNames = (ranges: readonly [number, number, number][] | undefined) =>
    ranges?.map(([first, last, number]): [number, number, string] => [first, last, names.get(number) ?? '']);
  return {
    eventId,
    zones: zones.flatMap(({ number, plan }) => {
      const rows = plan?.map(({ categories: ranges, ...row }) => ({ ...row, categories: withNames(ranges) }));
      return rows === undefined ? [] : [{ zone: number, rows }];
    }),
  };
}
