import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { type Client, createTally, randomUser } from './client.ts';

/** A hold that somebody got. */
type Hold = { id: string; userId: number; seats: string };

/** Everybody asks for a hold of their seat at the same moment, each some user, and waits for the outcome. */
export async function rush(client: Client, random: () => number, seats: readonly string[]) {
  const tally = createTally();
  const knownMs: number[] = [];
  const holds: Hold[] = [];
  await Promise.all(
    seats.map(async (seatNumber) => {
      const userId = randomUser(random);
      const sentAt = performance.now();
      const answer = await client.send('POST', '/api/bookings?wait=30', { eventId: DEFAULT_EVENT, userId, seatNumber });
      knownMs.push(performance.now() - sentAt);
      tally.add(answer);
      const { id, seats: held } = answer.body;
      if (answer.status === 201) holds.push({ id: String(id), userId, seats: String(held) });
    }),
  );
  return { tally, knownMs, holds };
}

/** Lets holds go, so that the seats are free again. */
export async function letGo(client: Client, holds: readonly Hold[]): Promise<void> {
  await Promise.all(holds.map(({ id, userId }) => client.send('DELETE', `/api/bookings/${id}`, { userId })));
}
