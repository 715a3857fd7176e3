/** Seats of an event, by their labels, that a ticket owns for a user (without one where seats were sold at once). */
export type Holding = { ticketId: string; userId?: number | undefined; seats: readonly string[] };

/** Seats to free. `lapsed`: their hold ended without a sale, which counts for its buyer. */
export type EndedHolding = Holding & { lapsed?: boolean };
