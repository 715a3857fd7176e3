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

/** What this browser keeps of a visitor, for all its tabs. */
export const keptPlace = (eventId: number) => kept<Place>(`frontrow:place:${eventId}`);
export const keptAdmission = (eventId: number) => kept<Admission>(`frontrow:admission:${eventId}`);

/** Which of the users for trying this browser is, where nobody logs in. */
export const keptUser = () => kept<number>('frontrow:user');

/** What this tab keeps of a buyer, across a reload. */
export const keptPurchase = (eventId: number) => kept<Purchase>(`frontrow:purchase:${eventId}`, 'sessionStorage');
export const keptSession = () => kept<string>('frontrow:session', 'sessionStorage');
export const keptSeats = (eventId: number) => kept<string[]>(`frontrow:seats:${eventId}`, 'sessionStorage');

/** One value in the browser's storage; only in this tab's memory where the browser keeps nothing for us. */
function kept<Value>(key: string, area: 'localStorage' | 'sessionStorage' = 'localStorage') {
  let memory: string | null = null;
  const storage = storageOrNone(area);
  return {
    key,
    /** Whether a reload finds it again. */
    lasts: storage !== undefined,
    read(): Value | undefined {
      const text = storage === undefined ? memory : storage.getItem(key);
      return text === null ? undefined : (JSON.parse(text) as Value);
    },
    write(value: Value): void {
      memory = JSON.stringify(value);
      storage?.setItem(key, memory);
    },
    forget(): void {
      memory = null;
      storage?.removeItem(key);
    },
  };
}

function storageOrNone(area: 'localStorage' | 'sessionStorage'): Storage | undefined {
  const probe = 'frontrow:probe';
  try {
    window[area].setItem(probe, probe);
    window[area].removeItem(probe);
    return window[area];
  } catch {
    return undefined; // a browser that is told to keep nothing throws; the page then says so
  }
}
