import type { z } from 'zod';
import type { OneWish } from '../shared/contract/reserve.ts';
import type { session } from '../shared/contract/users.ts';
import { removeStoredValues, storedValue, storedValuesOf } from './storage.ts';

/**
 * One request for seats: its idempotency key, seats, user, and its ticket once the request was accepted. After a
 * reload it is sent again under the same key, and so never books twice.
 */
export type StoredPurchase = { key: string; wish: OneWish; userId: number; ticketId?: string };

/** Seats that were bought, and the booking's id. */
export type StoredBooking = { id: string; seats: string[] };

export type Session = z.infer<typeof session>;

/** The people ahead of a place in an event's line in the first answer that had a number, for all tabs. */
export const storedStart = (eventId: number) =>
  storedValue<{ visitorToken: string; ahead: number }>(`start:${eventId}`);

/** The number of this browser's trial user, where logging in is off. */
export const storedUser = () => storedValue<number>('user');

/** The current purchase and earlier bookings of an event, for all tabs. */
export const storedPurchase = (eventId: number) => storedValue<StoredPurchase>(`purchase:${eventId}`);
export const storedBookings = (eventId: number) => storedValue<StoredBooking[]>(`bookings:${eventId}`);

/** The bookings of all events that this browser remembers. */
export const allStoredBookings = (): StoredBooking[] => storedValuesOf<StoredBooking[]>('bookings').flat();

/** The seats that were requested before the waiting room interrupted: the event page preselects them afterwards. */
export const storedWish = (eventId: number) => storedValue<OneWish>(`wish:${eventId}`);

/** The logged-in user, for all tabs. The token is valid for an hour. */
export const storedSession = () => storedValue<Session>('session');

/** The admin token, for one tab as long as it is open. */
export const storedAdminToken = () => storedValue<string>('admin-token', 'sessionStorage');

/**
 * Removes everything of the user who logs out. Bookings stay valid. A place in line belongs to the browser: where
 * users must log in to join, nobody else can use it.
 */
export const removeUserValues = (): void => removeStoredValues(['purchase', 'bookings', 'wish', 'session', 'user']);
