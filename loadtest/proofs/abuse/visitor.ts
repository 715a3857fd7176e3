import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { challengeView, VISITOR_TOKEN_HEADER } from '../../../shared/contract/waiting-room.ts';
import { isSolved } from '../../../shared/domain/join-challenge.ts';
import { type Connection, createConnection } from '../../kit/connection.ts';

/** Milliseconds that a visitor waits for a turn at most. */
const PATIENCE_MS = 300_000;

const answer = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  askAgainSeconds: z.number().optional(),
  visitorToken: z.string().optional(),
});

/** The body of a join, with the work that the line requires. */
async function joinBody(client: Connection, path: string): Promise<string> {
  const view = challengeView.parse(JSON.parse((await client.send('GET', `${path}/challenge`)).text));
  if (view.kind !== 'work') return '{}';
  const { challenge, bits } = view;
  for (let i = 0; ; i += 1)
    if (isSolved(challenge, String(i), bits)) return JSON.stringify({ challenge, solution: String(i) });
}

/** Joins a line and polls at the requested times. Returns the seconds until the turn came. */
export async function waitForTurn(url: string, eventId: number): Promise<number> {
  const client = createConnection(url);
  const path = `/api/events/${eventId}/waiting-room`;
  const startedAt = performance.now();
  const passedMs = () => performance.now() - startedAt;
  try {
    const body = await joinBody(client, path);
    const joined = answer.parse(JSON.parse((await client.send('POST', path, { body })).text));
    const { visitorToken = '' } = joined;
    let view = joined;
    while (view.status !== 'your_turn' && passedMs() < PATIENCE_MS) {
      await sleep(1_000 * (view.askAgainSeconds ?? 1));
      const polled = await client.send('GET', path, { headers: { [VISITOR_TOKEN_HEADER]: visitorToken } });
      view = answer.parse(JSON.parse(polled.text));
    }
    return passedMs() / 1_000;
  } finally {
    client.close();
  }
}
