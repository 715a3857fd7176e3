import { z } from 'zod';
import {
  ADMISSION_TOKEN_HEADER,
  joinAnswer,
  VISITOR_TOKEN_HEADER,
  visitorView,
} from '../../../shared/contract/waiting-room.ts';
import { openPool, type Pool } from '../../kit/connection-pool.ts';
import { ADMIN_TOKEN } from '../../kit/rig.ts';

const ROOM_PATH = '/api/events/1/waiting-room';

/** Connections that are kept open. Visitors who join do not delay those whose turn has come. */
const CONNECTIONS = { joining: 32, asking: 64 };

/** The routes that visitors use. */
const ROUTES = {
  join: 'POST /api/events/:id/waiting-room',
  poll: 'GET /api/events/:id/waiting-room',
  line: 'GET /api/events/:id/line',
  book: 'POST /reserve',
} as const;

export type Route = keyof typeof ROUTES;

const sold = z.object({ seatsCount: z.int() });

type Sent = { headers?: Record<string, string>; body?: string };

/** The requests of visitors. Each is sent once, so that a request counts once. */
export function openDesk(url: string) {
  const joining = openPool(url, CONNECTIONS.joining);
  const asking = openPool(url, CONNECTIONS.asking);
  const sent = { join: 0, poll: 0, book: 0 };

  /** @throws Error where the answer is none that a visitor expects */
  const request = (pool: Pool, route: keyof typeof sent, path: string, { headers, body }: Sent): Promise<unknown> =>
    pool.use(async (connection) => {
      sent[route] += 1;
      const method = route === 'poll' ? 'GET' : 'POST';
      const { status, text } = await connection.send(method, path, { headers, body });
      if (status !== 200 && status !== 201) throw new Error(`${method} ${path}: ${status} ${text}`);
      return JSON.parse(text);
    });

  return {
    /** Requests that were sent so far. */
    sent,

    join: async () => joinAnswer.parse(await request(joining, 'join', ROOM_PATH, {})),

    poll: async (token: string) =>
      visitorView.parse(await request(asking, 'poll', ROOM_PATH, { headers: { [VISITOR_TOKEN_HEADER]: token } })),

    /** Buys one seat with an admission. @returns the seats that were sold */
    async book(token: string): Promise<number> {
      const headers = { [ADMISSION_TOKEN_HEADER]: token, prefer: 'wait=20' };
      return sold.parse(await request(asking, 'book', '/reserve', { headers, body: '{"count":1}' })).seatsCount;
    },

    close(): void {
      joining.close();
      asking.close();
    },
  };
}

export type Desk = ReturnType<typeof openDesk>;

/** The requests that have reached an API so far, by route, as its own metrics count them. */
export async function reachedAt(apiUrl: string): Promise<Record<Route, number>> {
  const answer = await fetch(`${apiUrl}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  const counts = new Map<string, number>();
  const text = await answer.text();
  for (const [, labels = '', count] of text.matchAll(/^frontrow_http_request_duration_seconds_count\{(.*)\} (\d+)/gm)) {
    const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const route = `${label('method')} ${label('route')}`;
    counts.set(route, (counts.get(route) ?? 0) + Number(count));
  }
  const named = Object.entries(ROUTES).map(([name, route]) => [name, counts.get(route) ?? 0]);
  return Object.fromEntries(named) as Record<Route, number>;
}
