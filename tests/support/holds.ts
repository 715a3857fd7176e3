import { send } from './client.ts';
import type { useSystem } from './system.ts';

/** Requests of buyers for holds in event 1, and what becomes of these. */
export function holdsIn(system: ReturnType<typeof useSystem>) {
  const post = (path: string, body: unknown, headers?: Record<string, string>) =>
    send(system().url, 'POST', path, body, headers);
  const get = (path: string) => send(system().url, 'GET', path);
  return {
    post,
    get,
    hold: (userId: number, wish: object, headers = {}) =>
      post('/api/bookings', { eventId: 1, userId, ...wish }, { prefer: 'wait=20', ...headers }),
    change: (id: unknown, what: 'confirm' | 'extend', body: object) => post(`/api/bookings/${id}/${what}`, body),
    cancel: (id: unknown, userId: number) => send(system().url, 'DELETE', `/api/bookings/${id}`, { userId }),
    /** Backdates a hold: it expired a moment ago, and no worker has seen it yet. */
    backdate: (id: unknown) =>
      system().prisma.booking.update({ where: { id: String(id) }, data: { expiresAt: new Date(Date.now() - 1_000) } }),
  };
}
