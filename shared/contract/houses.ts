import { z } from 'zod';
import { MAX_INTEGER, seatLabel } from './ids.ts';
import {
  MAX_CATEGORIES,
  MAX_LABEL_LENGTH,
  MAX_NAME_LENGTH,
  MAX_ROWS_IN_ZONE,
  MAX_SEATS_IN_HOUSE,
  MAX_SEATS_IN_ROW,
  MAX_SEATS_NAMED_AT_ONCE,
  MAX_TICKET_TYPES,
  MAX_ZONES,
} from './limits.ts';
import { text } from './text.ts';

/** The price of one seat, in the minor unit of the event's currency (cents). */
export const price = z.int().min(0).max(MAX_INTEGER);

/** A seat of a row by its number, from 1. */
const seatNumber = z.int().min(1);

/** A row as it is stored, where it is more than a number of seats. Categories are numbers here. */
const rowPlan = z.strictObject({
  seats: seatNumber,
  /** The printed labels of the row and of its seats. */
  label: z.string().optional(),
  labels: z.array(z.string()).optional(),
  /** The seats, in order, after which a gap interrupts the row. */
  gapsAfter: z.array(seatNumber).optional(),
  /** Categories that differ from the zone's: the first and the last seat, and the category. */
  categories: z.array(z.tuple([seatNumber, seatNumber, z.int().min(1)])).optional(),
  accessible: z.array(seatNumber).optional(),
  /** Seats of companions, each with the accessible seat of the row that it belongs to. */
  companions: z.array(z.tuple([seatNumber, seatNumber])).optional(),
  /** Coordinates of each seat, in any unit, y downwards. */
  positions: z.array(z.tuple([z.number(), z.number()])).optional(),
});

export type RowPlan = z.infer<typeof rowPlan>;

const name = text(MAX_NAME_LENGTH);
const label = text(MAX_LABEL_LENGTH);

/** The longest way from the origin of a plan, in its unit: far enough, and short as JSON. */
const MAX_COORDINATE = 1_000_000;
const coordinate = z.number().min(-MAX_COORDINATE).max(MAX_COORDINATE);

/** Other prices of a category, by ticket type. */
const typePrices = z
  .record(label, price)
  .refine((types) => Object.keys(types).length <= MAX_TICKET_TYPES, `at most ${MAX_TICKET_TYPES} ticket types`)
  .meta({ description: 'Other prices by ticket type, such as {"child": 2900}.' });

const color = z.string().regex(/^#[0-9a-f]{6}$/i, 'a colour such as #c02040');

const categoryInput = z.strictObject({
  name,
  price,
  types: typePrices.optional(),
  color: color.optional(),
});

/** A change of the category with this name, or a new one. Null takes the ticket types or the colour away. */
const categoryChange = z.strictObject({
  name,
  price: price.optional(),
  types: typePrices.nullable().optional(),
  color: color.nullable().optional(),
});

export type CategoryChange = z.infer<typeof categoryChange>;

type Context = z.RefinementCtx;
const refuse = (ctx: Context, path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });

/** Refuses each text of a list that an earlier one is equal to. */
function refuseRepeated(
  ctx: Context,
  texts: readonly (string | undefined)[],
  path: (i: number) => PropertyKey[],
): void {
  const seen = new Set<string>();
  for (const [i, one] of texts.entries()) {
    if (one !== undefined && seen.has(one)) refuse(ctx, path(i), `${JSON.stringify(one)} is used more than once`);
    if (one !== undefined) seen.add(one);
  }
}

const rowInput = z
  .strictObject({
    label: label.optional().meta({ description: 'Printed at the row, such as A.' }),
    seats: z.int().min(1).max(MAX_SEATS_IN_ROW),
    gapsAfter: z
      .array(seatNumber)
      .max(MAX_SEATS_IN_ROW)
      .optional()
      .meta({ description: 'The seats, in order, after which an aisle or a missing seat interrupts the row.' }),
    labels: z
      .array(label)
      .max(MAX_SEATS_IN_ROW)
      .optional()
      .meta({ description: 'The printed label of each seat. Without them a seat is called by its row and number.' }),
    category: name.optional(),
    positions: z
      .array(z.tuple([coordinate, coordinate]))
      .max(MAX_SEATS_IN_ROW)
      .optional()
      .meta({ description: 'x and y of each seat, in any unit, y downwards: where pages draw it.' }),
  })
  .superRefine(({ seats, gapsAfter, labels, positions }, ctx) => {
    for (const [i, gap] of (gapsAfter ?? []).entries()) {
      if (gap >= seats) refuse(ctx, ['gapsAfter', i], `a gap of this row is after one of its seats 1 to ${seats - 1}`);
      if (gap <= (gapsAfter?.[i - 1] ?? 0)) refuse(ctx, ['gapsAfter', i], 'in ascending order, each once');
    }
    if (labels !== undefined && labels.length !== seats) refuse(ctx, ['labels'], `one for each of the ${seats} seats`);
    refuseRepeated(ctx, labels ?? [], (i) => ['labels', i]);
    if (positions !== undefined && positions.length !== seats)
      refuse(ctx, ['positions'], `one for each of the ${seats} seats`);
  })
  .meta({ id: 'NewRow' });

export type RowInput = z.infer<typeof rowInput>;

const zoneFields = {
  name: name.optional(),
  category: name.optional().meta({ description: 'The name of the category of its seats.' }),
  price: price.optional().meta({ description: 'Instead of a category. Without either, seats cost nothing.' }),
  rows: z
    .union(
      [z.int().min(1).max(MAX_ROWS_IN_ZONE), z.array(rowInput).min(1).max(MAX_ROWS_IN_ZONE)],
      `1 to ${MAX_ROWS_IN_ZONE}: a number of rows, or a list of them`,
    )
    .optional()
    .meta({ description: 'The number of rows, which are alike then, or the rows themselves from the front.' }),
  seatsPerRow: z.int().min(1).max(MAX_SEATS_IN_ROW).optional(),
  capacity: z
    .int()
    .min(1)
    .max(MAX_SEATS_IN_HOUSE)
    .optional()
    .meta({ description: 'Of an area: how many people it has room for.' }),
};

type ZoneFields = z.infer<z.ZodObject<typeof zoneFields>>;

/** Refuses what holds for a zone in any request: a price beside a category, two rows with one label. */
function requireClear({ category, price: own, rows, seatsPerRow }: ZoneFields, ctx: Context): void {
  if (category !== undefined && own !== undefined) refuse(ctx, ['price'], 'a zone with a category has its price');
  if (!Array.isArray(rows)) return;
  if (seatsPerRow !== undefined) refuse(ctx, ['seatsPerRow'], 'each of these rows has its own number of seats');
  const labels = rows.map(({ label }) => label);
  refuseRepeated(ctx, labels, (i) => ['rows', i, 'label']);
}

/** A zone of a new house: rows that are alike, a list of rows, or an area. */
const zoneInput = z
  .strictObject({
    ...zoneFields,
    area: z.literal(true).optional().meta({ description: 'Standing room: it has a capacity, and no rows.' }),
  })
  .superRefine((zone, ctx) => {
    const { area, rows, seatsPerRow, capacity } = zone;
    requireClear(zone, ctx);
    if (area === true) {
      if (rows !== undefined) refuse(ctx, ['rows'], 'an area has no rows');
      if (seatsPerRow !== undefined) refuse(ctx, ['seatsPerRow'], 'an area has no rows');
      if (capacity === undefined) refuse(ctx, ['capacity'], 'an area has one');
      return;
    }
    if (capacity !== undefined) refuse(ctx, ['capacity'], 'only an area has one');
    if (rows === undefined) refuse(ctx, ['rows'], 'a number of rows, or a list of them');
    if (typeof rows === 'number' && seatsPerRow === undefined)
      refuse(ctx, ['seatsPerRow'], 'rows that are alike need it');
  })
  .meta({ id: 'NewZone' });

export type ZoneInput = z.infer<typeof zoneInput>;

/** A change of the zone with this number. */
const zoneChange = z
  .strictObject({ zone: z.int().min(1).max(MAX_ZONES), ...zoneFields })
  .superRefine(requireClear)
  .meta({ id: 'ZoneChange' });

export type ZoneChange = z.infer<typeof zoneChange>;

/** Attributes of single seats. Several entries may name a seat: each adds to it, and the last category counts. */
const seatsInput = z
  .strictObject({
    ids: z.array(seatLabel).min(1).max(MAX_SEATS_NAMED_AT_ONCE),
    category: name.optional(),
    accessible: z.literal(true).optional(),
    companionOf: seatLabel
      .optional()
      .meta({ description: 'The accessible seat, in the same row, to whose companion these seats belong.' }),
  })
  .refine(
    ({ category, accessible, companionOf }) => (category ?? accessible ?? companionOf) !== undefined,
    'category, accessible or companionOf is missing',
  )
  .meta({ id: 'SeatAttributes' });

export type SeatsInput = z.infer<typeof seatsInput>;

/** Fields of a new event that describe its house. */
export const houseFields = {
  categories: z
    .array(categoryInput)
    .max(MAX_CATEGORIES)
    .superRefine((categories, ctx) => {
      const names = categories.map(({ name }) => name);
      refuseRepeated(ctx, names, (i) => [i, 'name']);
    })
    .optional(),
  zones: z
    .array(zoneInput)
    .max(MAX_ZONES)
    .meta({ description: 'Numbered from 1. An empty list: an event without seats, which is a waiting room alone.' }),
  seats: z.array(seatsInput).max(MAX_SEATS_NAMED_AT_ONCE).optional(),
};

/** Fields of a change of an event that change its house. */
export const houseChangeFields = {
  categories: z
    .array(categoryChange)
    .min(1)
    .max(MAX_CATEGORIES)
    .superRefine((categories, ctx) => {
      const names = categories.map(({ name }) => name);
      refuseRepeated(ctx, names, (i) => [i, 'name']);
    })
    .optional()
    .meta({ description: 'Changes by name; a name that the event does not have adds a category.' }),
  zones: z
    .array(zoneChange)
    .min(1)
    .max(MAX_ZONES)
    .superRefine((zones, ctx) => {
      const numbers = zones.map(({ zone }) => String(zone));
      refuseRepeated(ctx, numbers, (i) => [i, 'zone']);
    })
    .optional()
    .meta({ description: 'Changes by number. A list of rows replaces all that was said of the rows and their seats.' }),
  newZones: z.array(zoneInput).min(1).max(MAX_ZONES).optional().meta({ description: 'Zones to add after the last.' }),
  seats: z.array(seatsInput).min(1).max(MAX_SEATS_NAMED_AT_ONCE).optional(),
};

const houseChange = z.object(houseChangeFields);

export type HouseChange = z.infer<typeof houseChange>;

const newHouse = z.object(houseFields);

export type NewHouse = z.infer<typeof newHouse>;

/** A category in an answer. */
export const categoryView = z
  .object({ name: z.string(), price, types: z.record(z.string(), price).optional(), color: z.string().optional() })
  .meta({ id: 'Category' });

/** `GET /api/events/:id/plan`: the rows of the zones whose rows differ or have more to them. Categories by name. */
export const planView = z
  .object({
    eventId: z.int(),
    zones: z.array(
      z.object({
        zone: z.int(),
        rows: z.array(
          rowPlan.extend({ categories: z.array(z.tuple([seatNumber, seatNumber, z.string()])).optional() }),
        ),
      }),
    ),
  })
  .meta({ id: 'Plan' });

export type PlanView = z.infer<typeof planView>;
