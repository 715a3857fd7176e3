/** The columns of an event on sale, without zones, for `buildHouse`. */
export const plainEvent = {
  id: 1,
  name: 'Test',
  currency: 'EUR',
  venue: null,
  timeZone: 'UTC',
  createdAt: new Date(),
  generation: 1,
  avoidSingles: false,
  rings: null,
  holdSeconds: 600,
  maxHoldSeconds: 1_800,
  onSaleAt: null,
  startsAt: null,
  endsAt: null,
  accessibleUntil: null,
  cancelledAt: null,
  salesPaused: false,
  seatLimit: null,
  maxSeats: 5,
};

/** The columns of a zone whose rows are all alike, without its number and size. */
export const plainZone = { name: null, price: 0, category: null, isArea: false, capacity: null, plan: null };
