import { eventViewAt } from '../../shared/domain/event-view.ts';
import type { House } from '../../shared/domain/house.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';
import type { Encoded } from '../http/encoded.ts';
import { isOn } from '../waiting-room/line.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import type { Language } from './build.ts';
import { crowdPage, described, readBy, type Visitor, waitPage } from './crowd-pages.ts';
import { placeText } from './event-text.ts';
import type { Documents } from './html.ts';
import type { MadePages } from './made-pages.ts';
import type { Allowed, RoomLooks } from './room-looks.ts';
import { eventShell } from './shells.ts';
import { within } from './within.ts';

/** Milliseconds that a page waits for a read, and for which its opening is sent again. */
const READ_MS = 400;
const OPENING_MS = 1_000;

/** Characters of the JSON of an event in its page. 2,000 zones have 310,000: compressed, they are 10 kB. */
const MAX_OPENING = 500_000;

export type EventPagesDeps = {
  events: Pick<EventStore, 'layout'>;
  seats: Pick<SeatStore, 'countsByZone'>;
  waitingRooms: Pick<WaitingRooms, 'find'>;
  log: Logger;
};

/** The means to make pages of events. */
type Tools = { documents: Documents; made: MadePages; looks: RoomLooks; languages: readonly Language[] };

/** `none`: there is no such event. `unknown`: it cannot be read now. */
type Found<Result> = Result | 'none' | 'unknown';

/** A page, and what it needs beyond the policy of all pages. */
type Page = { page: Encoded; allowed: Allowed };

/**
 * The pages of events: title, description, and the event itself, so that the page needs no request before it shows the
 * event. Where the waiting room is on, or the event cannot be read, the page is without, and its script asks.
 */
export function createEventPages(
  { events, seats, waitingRooms, log }: EventPagesDeps,
  { documents, made, looks, languages }: Tools,
) {
  const reads = new Map<number, Promise<Found<House>>>();

  /** The house of an event, as its store caches it. Many who ask at once share one read. */
  function find(eventId: number): Promise<Found<House>> {
    const read = reads.get(eventId) ?? readHouse(eventId).finally(() => reads.delete(eventId));
    reads.set(eventId, read);
    return within(READ_MS, read, 'unknown');
  }

  const readHouse = async (eventId: number): Promise<Found<House>> => {
    try {
      return (await events.layout(eventId)) ?? 'none';
    } catch (fault) {
      log.warn({ eventId, fault: (fault as Error).message }, 'reading an event for its page failed');
      return 'unknown';
    }
  };

  const countSeats = async (house: House) => {
    try {
      return await seats.countsByZone(house);
    } catch (fault) {
      log.warn({ eventId: house.eventId, fault: (fault as Error).message }, 'counting the seats for a page failed');
      return undefined;
    }
  };

  /** A page that shows the seats at once. */
  async function openPage(house: House, language: Language): Promise<string> {
    const { eventId, zones, settings } = house;
    const counts = await within(READ_MS, countSeats(house), undefined);
    const opening = counts && JSON.stringify(eventViewAt(sharedNowMs(), house, counts));
    const plan = zones.some((zone) => zone.plan !== null) ? [`/api/events/${eventId}/plan`] : [];
    return documents.page(language, {
      ...described(house, language),
      app: eventShell(language, settings.name, placeText(settings, language.shell)),
      ...(opening !== undefined &&
        opening.length <= MAX_OPENING && { opening, fetches: [`/api/seats/map?eventId=${eventId}`, ...plan] }),
    });
  }

  /** The page of an event: where its waiting room is on, one that leads there. */
  function eventPage(house: House, language: Language): Promise<Encoded> | undefined {
    const { eventId } = house;
    const line = waitingRooms.find(eventId);
    return line !== undefined && isOn(line)
      ? made.get(`crowd ${eventId} ${language.name}`, house, Number.POSITIVE_INFINITY, async () =>
          crowdPage(documents, house, language),
        )
      : made.get(`open ${eventId} ${language.name}`, house, OPENING_MS, () => openPage(house, language));
  }

  async function roomPage(house: House, visitor: Visitor): Promise<Found<Page>> {
    const look = await looks.find(house.eventId);
    const read = readBy(visitor, look, languages);
    const { language, textTag = '' } = read;
    const key = `wait ${house.eventId} ${language.name} ${look?.tag} ${textTag}`;
    const page = await made.get(key, house, Number.POSITIVE_INFINITY, async () =>
      waitPage(documents, house, read, look),
    );
    return page === undefined ? 'unknown' : { page, allowed: look?.allowed ?? {} };
  }

  /**
   * The page of an event, or of its waiting room.
   *
   * @returns `none` where there is no such event; `waiting room` where it has no seats, so that page stands for this
   *   one; `unknown` where it cannot be read, or too many pages are being made
   */
  return async (kind: 'event' | 'wait', eventId: number, visitor: Visitor): Promise<Found<Page> | 'waiting room'> => {
    const house = await find(eventId);
    if (typeof house === 'string') return house;
    if (kind === 'wait') return roomPage(house, visitor);
    if (house.totalSeats === 0) return 'waiting room';
    const page = await eventPage(house, visitor.language);
    return page === undefined ? 'unknown' : { page, allowed: {} };
  };
}
