/** An event of two zones: 8 seats and 7 seats. */
export const CLUB = {
  name: 'Club night',
  currency: 'USD',
  zones: [
    { rows: 2, seatsPerRow: 4, price: 9_900 },
    { rows: 1, seatsPerRow: 7, price: 4_500 },
  ],
};
