/** Seats of an event, by their labels, that a ticket owns for a user (without one where seats were sold at once). */
export type Holding = { ticketId: string; userId?: number | undefined; seats: readonly string[] };

/** Seats that a ticket claimed in a generation of the event. */
export type ClaimedHolding = Holding & { eventId: number; generation: number };

/** The seats of a booking that ended. `returned`: they were sold. Else their hold lapsed: that counts for its buyer. */
export type EndedHolding = Holding & { returned: boolean };
