import type { z } from 'zod';
import type { SeatWish } from '../shared/contract/reserve.ts';
import type { admission } from '../shared/contract/waiting-room.ts';

/** A visitor's place in an event's line. `aheadAtStart`: people ahead when it was first known. */
export type Place = { visitorToken: string; aheadAtStart?: number };

export type Admission = z.infer<typeof admission>;

/**
 * One request for seats: what is asked for, under which idempotency key, by whom, and its ticket once there is one. A reload sends it
 * again under the same key, and so never books twice.
 */
export type Purchase = { key: string; wish: SeatWish; userId: number; ticketId?: string };

/** Seats that were bought, and under which booking. */
export type KeptBooking = { id: string; seats: string[] };

/** What this browser keeps of a visitor, for all its tabs. */
export const keptPlace = (eventId: number) => kept<Place>(`frontrow:place:${eventId}`);
export const keptAdmission = (eventId: number) => kept<Admission>(`frontrow:admission:${eventId}`);

/** Which of the users for trying this browser is, where nobody logs in. */
export const keptUser = () => kept<number>('frontrow:user');

/** What this browser buys and has bought of an event, for all its tabs. */
export const keptPurchase = (eventId: number) => kept<Purchase>(`frontrow:purchase:${eventId}`);
export const keptBookings = (eventId: number) => kept<KeptBooking[]>(`frontrow:bookings:${eventId}`);

/** Who is logged in, for all tabs. The token is good for an hour. */
export const keptSession = () => kept<string>('frontrow:session');

/** What a page remembers by itself where the browser keeps nothing for us. */
const memory = new Map<string, string>();

/** One value in the browser's storage; only in this page's memory where the browser keeps nothing for us. */
function kept<Value>(key: string) {
  const storage = storageOrNone();
  return {
    key,
    /** Whether a reload finds it again. */
    lasts: storage !== undefined,
    read(): Value | undefined {
      const text = (storage === undefined ? memory.get(key) : storage.getItem(key)) ?? undefined;
      return text === undefined ? undefined : (JSON.parse(text) as Value);
    },
    write(value: Value): void {
      const text = JSON.stringify(value);
      if (storage === undefined) memory.set(key, text);
      else storage.setItem(key, text);
    },
    forget(): void {
      memory.delete(key);
      storage?.removeItem(key);
    },
  };
}

function storageOrNone(): Storage | undefined {
  const probe = 'frontrow:probe';
  try {
    localStorage.setItem(probe, probe);
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return undefined; // a browser that is told to keep nothing throws; the page then says so
  }
}
