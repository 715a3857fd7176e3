import type { useSystem } from './system.ts';

/**
 * Gives an event of two zones a theatre's house: zone 1, the Balcony, is Gold with printed labels, and its last seats
 * of each row are Silver; zone 2 is Silver. A child pays less for Gold.
 */
export async function makeTheatre(system: ReturnType<typeof useSystem>, eventId: number, seatsPerRow: number) {
  const { prisma, seats } = system();
  const rows = ['A', 'B'].map((label) => ({
    seats: seatsPerRow,
    label,
    labels: Array.from({ length: seatsPerRow }, (_, i) => String(2 * i + 1)),
    categories: [[seatsPerRow - 1, seatsPerRow, 2]],
  }));
  await prisma.category.createMany({
    data: [
      { eventId, number: 1, name: 'Gold', price: 9_000, types: { adult: 9_000, child: 4_500 } },
      { eventId, number: 2, name: 'Silver', price: 5_000 },
    ],
  });
  const set = (number: number, data: object) =>
    prisma.zone.update({ where: { eventId_number: { eventId, number } }, data });
  await set(1, { name: 'Balcony', category: 1, rows: rows.length, plan: rows });
  await set(2, { category: 2 });
  await prisma.event.update({ where: { id: eventId }, data: { generation: { increment: 1 } } });
  await seats.reopen(eventId);
}
