import type { Express } from 'express';
import { ApiError } from '../../http/errors.ts';
import type { RateLimits } from '../../limits/rate-limits.ts';
import { type AdministrationDeps, createAdministration } from './administration.ts';
import { createOccupancy, type OccupancyDeps } from './occupancy.ts';
import { createReserve, type ReserveDeps } from './reserve.ts';
import { createVisitorStatus, type VisitorStatusDeps } from './waiting-room.ts';

type CompatDeps = ReserveDeps & OccupancyDeps & AdministrationDeps & VisitorStatusDeps & { limits: RateLimits };

/**
 * The compat routes: paths and answers that an earlier client fixed. They are about event 1 and answer 200, 201 or 409
 * only. They are routes of the app itself: a router between would cost each reservation 5% of its time.
 */
export function addCompatRoutes(app: Express, deps: CompatDeps): void {
  const { occupancy, checkAll, stats } = createOccupancy(deps);
  const { initialize, clear } = createAdministration(deps);
  const visitorStatus = createVisitorStatus(deps);

  app.route('/reserve').post(deps.limits.booking, createReserve(deps)).all(refuseMethod);
  app.route('/occupancy/:zone/:row').get(occupancy).all(refuseMethod);
  app.route('/availability/check-all').get(checkAll).all(refuseMethod);
  app.route('/initialize').post(initialize).all(refuseMethod);
  app.route('/stats').get(stats).all(refuseMethod);
  app.route('/clear').post(clear).all(refuseMethod);
  app.route('/waiting-room').get(visitorStatus).all(refuseMethod);
}

function refuseMethod(): never {
  throw new ApiError('INVALID_REQUEST', 'This route does not support this method.');
}
