import { z } from 'zod';
import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import { ADMIN_TOKEN } from './rig.ts';

/** An operator of the system at this address. @throws Error where a request is refused */
export const operatorOf =
  (url: string) =>
  async (method: 'GET' | 'PUT' | 'PATCH' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await fetch(url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };

export type Operator = ReturnType<typeof operatorOf>;

/** Creates an event with one zone. Returns its id. */
export async function createEvent(operate: Operator, zone: { rows: number; seatsPerRow: number }): Promise<number> {
  const event = { name: 'Another evening', zones: [zone] };
  return z.object({ id: z.int() }).parse(await operate('POST', '/api/events', event)).id;
}

/** Sets the waiting room of an event. */
export const setRoom = (operate: Operator, settings: object, eventId: number = DEFAULT_EVENT): Promise<unknown> =>
  operate('PUT', `/api/events/${eventId}/waiting-room`, settings);
