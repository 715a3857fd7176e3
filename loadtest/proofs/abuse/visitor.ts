import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { challengeView, VISITOR_TOKEN_HEADER } from '../../../shared/contract/waiting-room.ts';
import { isSolved } from '../../../shared/domain/join-challenge.ts';
import { createConnection } from '../../kit/connection.ts';

/** Milliseconds that a visitor waits for a turn at the most. */
const PATIENCE_MS = 300_000;

const answer = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  askAgainSeconds: z.number().optional(),
  visitorToken: z.string().optional(),
});

/** The body of a join, with the work that the line requires. */
async function bodyFor(client: ReturnType<typeof createConnection>, path: string): Promise<string> {
  const asked = challengeView.parse(JSON.parse((await client.send('GET', `${path}/challenge`)).text));
  if (asked.kind !== 'work') return '{}';
  const { challenge, bits } = asked;
  for (let i = 0; ; i += 1)
    if (isSolved(challenge, String(i), bits)) return JSON.stringify({ challenge, solution: String(i) });
}

/** An honest visitor: joins a line, polls at the given times, and returns the seconds until the turn came. */
export async function waitForTurn(url: string, eventId: number): Promise<number> {
  const client = createConnection(url);
  const path = `/api/events/${eventId}/waiting-room`;
  const startedAt = performance.now();
  const passedMs = () => performance.now() - startedAt;
  try {
    const body = await bodyFor(client, path);
    const joined = answer.parse(JSON.parse((await client.send('POST', path, { body })).text));
    const { visitorToken = '' } = joined;
    let seen = joined;
    while (seen.status !== 'your_turn' && passedMs() < PATIENCE_MS) {
      await sleep(1_000 * (seen.askAgainSeconds ?? 1));
      const polled = await client.send('GET', path, { headers: { [VISITOR_TOKEN_HEADER]: visitorToken } });
      seen = answer.parse(JSON.parse(polled.text));
    }
    return passedMs() / 1_000;
  } finally {
    client.close();
  }
}
