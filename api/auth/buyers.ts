import { isNamedBuyer } from '../../shared/contract/ids.ts';
import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { BuyerStore } from '../../shared/stores/postgres/buyers.ts';
import { ApiError } from '../http/errors.ts';

/** Milliseconds for which a name is remembered: a forgotten one is gone from every process within five seconds. */
const REMEMBERED_MS = 4_000;

/** Buyers that are remembered, names that one statement reads, and names that may wait for it. */
const MAX_REMEMBERED = 20_000;
const MAX_READ = 500;
const MAX_WAITING = 10_000;

/** Anything with a booking that names its buyer by number. */
type WithBuyer = { userId?: number | undefined; buyer?: string | undefined };

/**
 * The names of shops' customers. Inside, a buyer is a number like a user; a name becomes a number as a request arrives,
 * and a number a name as a booking is shown. Ordinary users cost nothing here.
 */
export function createBuyers({ buyers: store, log }: { buyers: BuyerStore; log: Logger }) {
  const numbers = createMemory<string, number>();
  const names = createMemory<number, string | undefined>();
  const numberReads = createGroupCommit<string, number>({
    flush: (wanted) => store.numbersOf(wanted),
    maxItems: MAX_READ,
    maxWaiting: MAX_WAITING,
  });
  const nameReads = createGroupCommit<number, string | undefined>({
    flush: (wanted) => store.namesOf(wanted),
    maxItems: MAX_READ,
    maxWaiting: MAX_WAITING,
  });

  /** The name of a number; undefined where it was forgotten or cannot be read: an outcome comes without it then. */
  async function nameOf(number: number): Promise<string | undefined> {
    const known = names.find(number);
    if (known !== undefined) return known.value;
    const startedAtMs = performance.now();
    try {
      const pending = nameReads.add(number);
      if (pending === undefined) return undefined;
      const name = await pending;
      names.note(number, name, startedAtMs);
      return name;
    } catch (fault) {
      log.warn({ fault: (fault as Error).message }, "reading a buyer's name failed");
      return undefined;
    }
  }

  /** A booking as clients see it: with the buyer's name instead of the number. */
  async function shown<Shown extends WithBuyer>(booking: Shown): Promise<Shown> {
    const { userId, ...others } = booking;
    if (userId === undefined || !isNamedBuyer(userId)) return booking;
    const buyer = await nameOf(userId);
    return { ...others, ...(buyer !== undefined && { buyer }) } as Shown;
  }

  return {
    shown,

    /** The number of a buyer. @throws ApiError OVERLOADED */
    async numberOf(name: string): Promise<number> {
      const known = numbers.find(name);
      if (known !== undefined) return known.value;
      const startedAtMs = performance.now();
      const pending = numberReads.add(name);
      if (pending === undefined) throw new ApiError('OVERLOADED');
      const number = await pending;
      numbers.note(name, number, startedAtMs);
      names.note(number, name, startedAtMs);
      return number;
    },

    /** The view of a ticket as clients see it. */
    async shownTicket(view: TicketView): Promise<TicketView> {
      const { booking } = view;
      return booking === undefined ? view : { ...view, booking: await shown<Booking>(booking) };
    },

    /** As `shownTicket`, of a view in JSON. Without a named buyer the text itself is returned, at once. */
    shownText(json: string): string | Promise<string> {
      if (!/"userId":[12]\d{9}\b/.test(json)) return json;
      return this.shownTicket(JSON.parse(json) as TicketView).then((view) => JSON.stringify(view));
    },

    /** Forgets what this process remembers of a name. */
    drop(name: string): void {
      const number = numbers.find(name)?.value;
      numbers.drop(name);
      if (number !== undefined) names.drop(number);
      else names.clear();
    },
  };
}

export type Buyers = ReturnType<typeof createBuyers>;

/** A bounded memory of what was read, for a short time. */
function createMemory<Key, Value>() {
  const entries = new Map<Key, { value: Value; readAtMs: number }>();

  return {
    find(key: Key): { value: Value } | undefined {
      const entry = entries.get(key);
      return entry !== undefined && performance.now() - entry.readAtMs < REMEMBERED_MS ? entry : undefined;
    },
    note(key: Key, value: Value, readAtMs: number): void {
      entries.delete(key);
      const [oldest] = entries.keys();
      if (entries.size >= MAX_REMEMBERED && oldest !== undefined) entries.delete(oldest);
      entries.set(key, { value, readAtMs });
    },
    drop: (key: Key): void => void entries.delete(key),
    clear: (): void => entries.clear(),
  };
}
