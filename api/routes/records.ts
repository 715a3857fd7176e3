import type { IncomingMessage } from 'node:http';
import { type Request, type Response, Router } from 'express';
import { MAX_BOOKINGS_ON_PAGE } from '../../shared/contract/limits.ts';
import {
  type BookingFilter,
  bookingListQuery,
  type SalesSummary,
  type WantedBookings,
} from '../../shared/contract/records.ts';
import type { BuyerStore } from '../../shared/stores/postgres/buyers.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { RecordStore } from '../../shared/stores/postgres/records.ts';
import type { Buyers } from '../auth/buyers.ts';
import type { Identity } from '../auth/identity.ts';
import type { ScopeGuard } from '../auth/operators.ts';
import { buyerReadBy } from '../auth/readers.ts';
import { ApiError } from '../http/errors.ts';
import { nextPage, queryOf, refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { streamText } from '../http/text-stream.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import { type ExportFormat, exportFormatOf, exportText } from '../records/formats.ts';
import { houseOf } from './event-layout.ts';

/** Seats of a house whose summary costs as much as one read. */
const SEATS_OF_A_READ = 10_000;

/** The number of a buyer whose name nobody has: no booking has it. */
const NOBODY = 0;

type RecordDeps = {
  records: RecordStore;
  events: EventStore;
  buyers: BuyerStore;
  buyerNames: Buyers;
  identity: Identity;
  heavyReads: HeavyReads;
  requireScope: ScopeGuard;
};

/** `GET /api/bookings`: lists and exports; with the scope `read` of all bookings, else of one buyer. */
export function bookingListRoutes(deps: RecordDeps) {
  const router = Router();
  router.get('/', listBookings(deps));
  return router;
}

/** `GET /api/events/:id/summary`: seats and money of an event's bookings. */
export function eventSummaryRoutes(deps: RecordDeps) {
  const router = Router();
  router.get('/:id/summary', summarize(deps));
  return router;
}

const listBookings = (deps: RecordDeps) => async (req: Request, res: Response) => {
  const { after, limit, ...wanted } = queryOf(req, bookingListQuery);
  const filter = await permitted(req, wanted, deps);
  const format = exportFormatOf(req.headers.accept);
  if (format !== undefined) {
    if (after !== undefined || limit !== undefined)
      throw new ApiError('INVALID_REQUEST', `${after === undefined ? 'limit' : 'after'}: an export has no pages`);
    return exportBookings(deps, req, res, filter, format);
  }
  await deps.heavyReads.inTurn(req, res, 1, async () => {
    const size = limit ?? MAX_BOOKINGS_ON_PAGE;
    const { bookings, next } = await deps.records.list(filter, after, size);
    const shown = await Promise.all(bookings.map(deps.buyerNames.shown));
    reply(res, 200, { bookings: shown, next: next && nextPage(req, next) });
  });
};

/**
 * The filter, restricted to what the caller may read: all bookings with the scope `read`, else those of one buyer.
 *
 * @throws ApiError UNAUTHENTICATED, FORBIDDEN
 */
async function permitted(
  req: IncomingMessage,
  { buyer, ...filter }: WantedBookings,
  { identity, requireScope, buyers }: RecordDeps,
): Promise<BookingFilter> {
  if (buyer !== undefined) {
    requireScope(req, 'read');
    return { ...filter, userId: (await buyers.findNumber(buyer)) ?? NOBODY };
  }
  const own = await buyerReadBy(req, { identity, requireScope }, filter.userId);
  if (own === undefined) return filter;
  if (filter.userId !== undefined && filter.userId !== own)
    throw new ApiError('FORBIDDEN', 'userId: a buyer reads only their own bookings.');
  return { ...filter, userId: own };
}

/** Streams all matching bookings. An export costs one read, and takes the client's turn for a page at a time. */
const exportBookings = (
  { heavyReads, records, buyerNames }: RecordDeps,
  req: Request,
  res: Response,
  filter: BookingFilter,
  format: ExportFormat,
): Promise<void> =>
  heavyReads.inTurn(req, res, 1, async (waitOutside) => {
    async function* shownPages() {
      for await (const page of records.exportAll(filter)) yield await Promise.all(page.map(buyerNames.shown));
    }
    await streamText(res, exportText(format, shownPages()), { type: format.type, waitOutside });
  });

const summarize =
  ({ records, events, heavyReads, requireScope }: RecordDeps) =>
  async (req: Request, res: Response) => {
    requireScope(req, 'read');
    refuseQuery(req);
    const house = await houseOf(req, events);
    await heavyReads.inTurn(req, res, 1 + Math.floor(house.totalSeats / SEATS_OF_A_READ), async () => {
      const summary: SalesSummary = {
        eventId: house.eventId,
        currency: house.currency,
        ...(await records.summary(house.eventId)),
      };
      reply(res, 200, summary);
    });
  };
