/** Seats of an event, by their labels, that a ticket owns for a user (without one where seats were sold at once). */
export type Holding = { ticketId: string; userId?: number | undefined; seats: readonly string[] };

/** Seats that a ticket claimed in a generation of the event. */
export type ClaimedHolding = Holding & { eventId: number; generation: number };

/**
 * Seats of one taking that a booking gave up, and that Redis has yet to free. `owner`: the ticket that took them.
 * `status`: what they were; a hold that lapsed counts for its buyer. `isPart`: whether the booking keeps other seats.
 */
export type Release = {
  id: string;
  owner: string;
  userId?: number | undefined;
  seats: readonly string[];
  status: 'HELD' | 'SOLD';
  isPart: boolean;
};
