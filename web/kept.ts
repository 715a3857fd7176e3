import type { z } from 'zod';
import type { SeatWish } from '../shared/contract/reserve.ts';
import type { session } from '../shared/contract/users.ts';
import type { admission } from '../shared/contract/waiting-room.ts';

/** A visitor's place in an event's line. `aheadAtStart`: people ahead when it was first known. */
export type Place = { visitorToken: string; aheadAtStart?: number };

/**
 * `aheadMs`: milliseconds by which the clock of `expiresAt` was ahead of this machine's when the admission was given.
 */
export type Admission = z.infer<typeof admission> & { aheadMs?: number };

/**
 * One request for seats: what is asked for, under which idempotency key, by whom, and its ticket once there is one. A reload sends it
 * again under the same key, and so never books twice.
 */
export type KeptPurchase = { key: string; wish: SeatWish; userId: number; ticketId?: string };

/** Seats that were bought, and under which booking. */
export type KeptBooking = { id: string; seats: string[] };

/** What this browser keeps of a visitor, for all its tabs. */
export const keptPlace = (eventId: number) => kept<Place>(`place:${eventId}`);
export const keptAdmission = (eventId: number) => kept<Admission>(`admission:${eventId}`);

/** Which of the users for trying this browser is, where nobody logs in. */
export const keptUser = () => kept<number>('user');

/** What this browser buys and has bought of an event, for all its tabs. */
export const keptPurchase = (eventId: number) => kept<KeptPurchase>(`purchase:${eventId}`);
export const keptBookings = (eventId: number) => kept<KeptBooking[]>(`bookings:${eventId}`);

/** What was asked for when the waiting room came between: the choice to begin with afterwards. */
export const keptWish = (eventId: number) => kept<SeatWish>(`wish:${eventId}`);

/** Who is logged in, for all tabs. The token is good for an hour. */
export type Session = z.infer<typeof session>;
export const keptSession = () => kept<Session>('session');

/**
 * Forgets what is kept here of a user who leaves this browser to others: what was bought stays bought. A place in line is the browser's:
 * where users must log in to join, it is of use to nobody else.
 */
export function forgetUser(): void {
  memory.clear();
  if (storage === undefined) return;
  for (const key of Object.keys(storage)) if (OF_USER.test(key)) storage.removeItem(key);
}

/** How the names begin of all that is kept: other pages of this host have theirs. */
const OURS = 'frontrow:';

/** What belongs to who is logged in. */
const OF_USER = new RegExp(`^${OURS}(purchase|bookings|wish|session|user)\\b`);

const storage = storageOrNone();

/** The value that the page remembers where the browser stores nothing for us. */
const memory = new Map<string, string>();

/** One value in the browser's storage; only in this page's memory where the browser keeps nothing for us. */
function kept<Value>(name: string) {
  const key = OURS + name;
  return {
    key,
    /** Whether a reload finds it again. */
    lasts: storage !== undefined,
    read(): Value | undefined {
      const text = memory.get(key) ?? storage?.getItem(key) ?? undefined;
      return text === undefined ? undefined : (JSON.parse(text) as Value);
    },
    write(value: Value): void {
      const text = JSON.stringify(value);
      memory.set(key, text);
      try {
        storage?.setItem(key, text);
        if (storage !== undefined) memory.delete(key); // other tabs may change it
      } catch {
        // The storage is full: this page remembers it by itself.
      }
    },
    forget(): void {
      memory.delete(key);
      storage?.removeItem(key);
    },
  };
}

function storageOrNone(): Storage | undefined {
  const probe = `${OURS}probe`;
  try {
    localStorage.setItem(probe, probe);
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return undefined; // a browser that is set to store nothing throws; the page then says so
  }
}
