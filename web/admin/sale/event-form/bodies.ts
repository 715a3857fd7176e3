import type { EventView } from '../../../../shared/contract/events.ts';
import { type FieldProblem, pathsAround } from '../values/field-problems.ts';
import { type CategoryForm, type EventForm, formOf, type ZoneForm } from './form.ts';
import { createReader, type Reader } from './reader.ts';

type Body = Record<string, unknown>;

/**
 * The body of a request, or the problems of the form. `formPath` is the path in the form of a path in the body: where
 * only changes are sent, the numbers of the items differ.
 */
export type Built =
  | { body: Body; formPath: (path: string) => string; problems?: undefined }
  | { problems: readonly FieldProblem[] };

/** The settings of an event, each with the field of the form that has it. */
const MOMENTS = ['startsAt', 'endsAt', 'onSaleAt', 'accessibleUntil'] as const;
const SECONDS = [
  ['holdSeconds', 'holdMinutes'],
  ['maxHoldSeconds', 'maxHoldMinutes'],
] as const;

/** The paths in the form of fields that the body calls otherwise. */
const FORM_PATHS = new Map<string, string>(SECONDS);

/** The body of `POST /api/events`. */
export function newEventBody(form: EventForm): Built {
  const reader = createReader();
  const { currency, zones, categories } = form;
  const body: Body = {
    currency,
    ...settingsOf(form, reader),
    ...(form.salesPaused && { salesPaused: true }),
    categories: categories.map((category, i) => categoryOf(category, `categories.${i}`, currency, reader)),
    zones: zones.map((zone, i) => zoneOf(zone, `zones.${i}`, currency, reader)),
  };
  if (categories.length === 0) delete body.categories;
  return built(body, reader, new Map());
}

/** The body of `PATCH /api/events/:id`: only what the form has changed. It is empty where that is nothing. */
export function changeBody(event: EventView, form: EventForm): Built {
  const reader = createReader();
  const before = formOf(event);
  const paths = new Map<string, string>();
  const body: Body = { ...settingsChange(before, form, reader) };
  const add = (list: string, item: Body | undefined, formPath: string) => {
    if (item === undefined) return;
    const items = (body[list] as Body[] | undefined) ?? [];
    paths.set(`${list}.${items.length}`, formPath);
    body[list] = [...items, item];
  };
  for (const [i, category] of form.categories.entries()) {
    const path = `categories.${i}`;
    add('categories', categoryChange(before.categories[i], category, path, form.currency, reader), path);
  }
  for (const [i, zone] of form.zones.entries()) {
    const path = `zones.${i}`;
    const old = before.zones[i];
    if (zone.number === undefined || old === undefined)
      add('newZones', zoneOf(zone, path, form.currency, reader), path);
    else add('zones', zoneChange(old, zone, path, form.currency, reader), path);
  }
  return built(body, reader, paths);
}

function built(body: Body, { problems }: Reader, paths: ReadonlyMap<string, string>): Built {
  if (problems.length > 0) return { problems };
  const formPath = (path: string): string => {
    const renamed = FORM_PATHS.get(path);
    if (renamed !== undefined) return renamed;
    const inside = pathsAround(path).find((one) => paths.has(one));
    return inside === undefined ? path : `${paths.get(inside)}${path.slice(inside.length)}`;
  };
  return { body, formPath };
}

function settingsOf(form: EventForm, reader: Reader): Body {
  const { name, venue, timeZone, seatLimit, maxSeats, avoidSingles } = form;
  return {
    name,
    venue: venue.trim() === '' ? null : venue,
    timeZone: reader.timeZone('timeZone', timeZone),
    ...Object.fromEntries(MOMENTS.map((field) => [field, reader.moment(field, form[field], timeZone)])),
    seatLimit: seatLimit.trim() === '' ? null : reader.whole('seatLimit', seatLimit),
    maxSeats: reader.whole('maxSeats', maxSeats),
    ...Object.fromEntries(SECONDS.map(([field, minutes]) => [field, reader.seconds(minutes, form[minutes])])),
    avoidSingles,
  };
}

/** The settings whose fields differ. In another zone the same clock time is another moment. */
function settingsChange(before: EventForm, form: EventForm, reader: Reader): Body {
  const formFields = new Map<string, keyof EventForm>(SECONDS);
  const isChanged = (field: string): boolean => {
    const formField = formFields.get(field) ?? (field as keyof EventForm);
    const isMoment = (MOMENTS as readonly string[]).includes(field);
    if (isMoment && before.timeZone !== form.timeZone && form[formField] !== '') return true;
    return before[formField] !== form[formField];
  };
  return Object.fromEntries(Object.entries(settingsOf(form, reader)).filter(([field]) => isChanged(field)));
}

/** The prices of ticket types by their names; undefined where there are none. */
function typesOf({ types }: CategoryForm, path: string, currency: string, reader: Reader): Body | undefined {
  if (types.length === 0) return undefined;
  const named = types.map(({ name }) => name.trim());
  for (const [i, name] of named.entries()) {
    if (name === '') reader.refuse(`${path}.types.${i}`, 'a ticket type has a name');
    else if (named.indexOf(name) < i) reader.refuse(`${path}.types.${i}`, `${JSON.stringify(name)} is used twice`);
  }
  return Object.fromEntries(
    types.map(({ price }, i) => [named[i] ?? '', reader.money(`${path}.types.${i}`, price, currency)]),
  );
}

function categoryOf(category: CategoryForm, path: string, currency: string, reader: Reader): Body {
  const { name, price, color } = category;
  const types = typesOf(category, path, currency, reader);
  return {
    name,
    price: reader.money(`${path}.price`, price, currency),
    ...(types !== undefined && { types }),
    ...(color !== '' && { color }),
  };
}

function categoryChange(
  before: CategoryForm | undefined,
  category: CategoryForm,
  path: string,
  currency: string,
  reader: Reader,
): Body | undefined {
  if (before === undefined || category.isNew) return categoryOf(category, path, currency, reader);
  const change: Body = {};
  if (category.price !== before.price) change.price = reader.money(`${path}.price`, category.price, currency);
  if (category.color !== before.color) change.color = category.color === '' ? null : category.color;
  const typesText = ({ types }: CategoryForm) => JSON.stringify(types.map(({ name, price }) => [name, price]));
  if (typesText(category) !== typesText(before)) change.types = typesOf(category, path, currency, reader) ?? null;
  return Object.keys(change).length === 0 ? undefined : { name: before.name, ...change };
}

function zoneOf(zone: ZoneForm, path: string, currency: string, reader: Reader): Body {
  const { isArea, name, category, price, rows, seatsPerRow, capacity } = zone;
  return {
    ...(name.trim() !== '' && { name }),
    ...(category === '' ? { price: reader.money(`${path}.price`, price, currency) } : { category }),
    ...(isArea
      ? { area: true, capacity: reader.whole(`${path}.capacity`, capacity) }
      : { rows: reader.whole(`${path}.rows`, rows), seatsPerRow: reader.whole(`${path}.seatsPerRow`, seatsPerRow) }),
  };
}

function zoneChange(
  before: ZoneForm,
  zone: ZoneForm,
  path: string,
  currency: string,
  reader: Reader,
): Body | undefined {
  const change: Body = {};
  if (zone.name !== before.name) {
    if (zone.name.trim() === '') reader.refuse(`${path}.name`, 'a zone that has a name keeps one');
    change.name = zone.name;
  }
  if (zone.category !== before.category && zone.category !== '') change.category = zone.category;
  else if (zone.category === '' && (zone.price !== before.price || before.category !== ''))
    change.price = reader.money(`${path}.price`, zone.price, currency);
  for (const field of ['rows', 'seatsPerRow', 'capacity'] as const)
    if (zone[field] !== before[field]) change[field] = reader.whole(`${path}.${field}`, zone[field]);
  return Object.keys(change).length === 0 ? undefined : { zone: zone.number, ...change };
}
