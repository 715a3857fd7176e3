import type { Request, Response } from 'express';
import { z } from 'zod';
import { DEFAULT_EVENT, inAddress } from '../../../shared/contract/ids.ts';
import { type House, seatsInRow, type Zone, zoneOf } from '../../../shared/domain/house.ts';
import type { EventStore } from '../../../shared/stores/postgres/events.ts';
import { statusesOf } from '../../../shared/stores/redis/seat-bitmaps.ts';
import type { SeatStore } from '../../../shared/stores/seats.ts';
import { ApiError } from '../../http/errors.ts';
import { refuseQuery } from '../../http/query.ts';
import { reply } from '../../http/replies.ts';
import { parse } from '../../http/validation.ts';
import type { HeavyReads } from '../../limits/heavy-reads.ts';
import { layoutOf } from '../event-layout.ts';
import { withRepeatedFields } from './repeated-fields.ts';

export type OccupancyDeps = { events: EventStore; seats: SeatStore; heavyReads: HeavyReads };

const rowParams = z.object({ zone: inAddress(z.int().min(1)), row: inAddress(z.int().min(1)) });

/** The routes that count the seats of event 1. */
export function createOccupancy({ events, seats, heavyReads }: OccupancyDeps) {
  async function occupancy(req: Request, res: Response): Promise<void> {
    const { zone, row } = await rowOf(req, events);
    const { rows } = await seats.readRows(DEFAULT_EVENT, [{ zone, row }]);
    const occupied = rows.flatMap(statusesOf).filter((status) => status !== 'AVAILABLE').length;
    const total = seatsInRow(zone, row);
    reply(res, 200, { zone: zone.number, row, occupied, total, available: total - occupied });
  }

  async function checkAll(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const house = await layoutOf(events, DEFAULT_EVENT);
    heavyReads.charge(req, res, 1 + Math.floor(house.zones.length / 100));
    const counts = [...(await seats.countsByZone(house)).values()];
    const available = counts.reduce((sum, ofZone) => sum + ofZone.available, 0);
    reply(res, 200, availabilityOf(house, available));
  }

  async function stats(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const house = await layoutOf(events, DEFAULT_EVENT);
    await heavyReads.inTurn(req, res, 1 + Math.floor(house.totalRows / 100), async () => {
      const { bytesPerRow, ...figures } = await seats.stats(house);
      reply(res, 200, { ...figures, estimatedSizePerKey: bytesPerRow });
    });
  }

  return { occupancy, checkAll, stats };
}

/** The row that the path of a request names. */
async function rowOf(req: Request, events: EventStore): Promise<{ zone: Zone; row: number }> {
  const { params } = req;
  try {
    refuseQuery(req);
    const { zone: number, row } = parse(rowParams, params);
    const zone = zoneOf(await layoutOf(events, DEFAULT_EVENT), number);
    if (zone === undefined || row > zone.rows) throw new ApiError('INVALID_REQUEST', 'There is no such row.');
    return { zone, row };
  } catch (fault) {
    throw withRepeatedFields(fault, { zone: asNumber(params.zone), row: asNumber(params.row) });
  }
}

/** A path parameter as the number that it spells, or as the text that it is. */
const asNumber = (text: unknown): unknown => (Number.isNaN(Number(text)) ? text : Number(text));

function availabilityOf({ totalSeats, totalRows, zones }: House, availableSeats: number) {
  const occupiedSeats = totalSeats - availableSeats;
  return {
    allUnavailable: occupiedSeats === totalSeats,
    totalSeats,
    occupiedSeats,
    availableSeats,
    zonesChecked: zones.length,
    rowsChecked: totalRows,
    occupancyPercentage: Math.round((occupiedSeats / totalSeats) * 10_000) / 100,
  };
}
