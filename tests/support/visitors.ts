import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { solve } from '../../client/src/solve.ts';
import { admission, visitorStatus } from '../../shared/contract/waiting-room.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { type Reply, send } from './client.ts';

/** The fields of a visitor's view that tests read. */
export const visitorReply = z.looseObject({
  status: visitorStatus,
  position: z.int().optional(),
  ahead: z.int().optional(),
  now: z.string().optional(),
  askAgainSeconds: z.number().optional(),
  admission: admission.optional(),
  visitorToken: z.string().optional(),
});

type VisitorReply = z.infer<typeof visitorReply>;

/** A visitor at the waiting room of an event, at one API. */
export function visitorAt(url: string, eventId = 1) {
  const path = `/api/events/${eventId}/waiting-room`;
  let token = '';
  const headers = (): Record<string, string> => (token === '' ? {} : { 'x-visitor-token': token });

  return {
    get token() {
      return token;
    },
    set token(value: string) {
      token = value;
    },

    async join(more: Record<string, string> = {}, body?: unknown): Promise<VisitorReply & { code: number }> {
      const reply = await send(url, 'POST', path, body, { ...headers(), ...more });
      if (reply.status >= 300) throw new Error(`joining answered ${reply.status}: ${JSON.stringify(reply.body)}`);
      token = String(reply.body.visitorToken);
      return { ...visitorReply.parse(reply.body), code: reply.status };
    },

    get: (): Promise<Reply> => send(url, 'GET', path, undefined, headers()),

    async poll(): Promise<VisitorReply> {
      return visitorReply.parse((await this.get()).body);
    },

    leave: (): Promise<Reply> => send(url, 'DELETE', path, undefined, headers()),

    /** Polls until the status is this one. */
    async until(status: VisitorReply['status'], timeoutMs = 15_000): Promise<VisitorReply> {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const reply = await this.poll();
        if (reply.status === status) return reply;
        if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(reply)}, not ${status}`);
        await sleep(50);
      }
    },

    /** Waits for the turn. @returns the headers to book with */
    async admitted(timeoutMs?: number): Promise<{ 'x-admission-token': string }> {
      const { admission } = await this.until('your_turn', timeoutMs);
      return { 'x-admission-token': admission?.token ?? '' };
    },
  };
}

/** Gets a challenge of a line and solves it. */
export async function solved(url: string, eventId: number): Promise<{ challenge: string; solution: string }> {
  const { body } = await send(url, 'GET', `/api/events/${eventId}/waiting-room/challenge`);
  const challenge = String(body.challenge);
  return { challenge, solution: await solve(challenge, Number(body.bits), () => undefined) };
}

/** Sets an event's waiting room as an operator. */
export async function setRoom(
  url: string,
  change: Record<string, unknown>,
  eventId = 1,
  headers: Record<string, string> = {},
): Promise<Reply['body']> {
  const reply = await send(url, 'PUT', `/api/events/${eventId}/waiting-room`, change, headers);
  if (reply.status !== 200)
    throw new Error(`changing the room answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  return reply.body;
}

/** Creates an event for one test. @returns its id */
export async function newEvent(
  url: string,
  options: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<number> {
  const event = { name: 'Concert', zones: [{ rows: 2, seatsPerRow: 20 }], seatLimit: null, ...options };
  const { body, status } = await send(url, 'POST', '/api/events', event, headers);
  if (status !== 201) throw new Error(`making an event answered ${JSON.stringify(body)}`);
  return Number(body.id);
}

/** Creates an event of 500 seats whose waiting room is on. Returns its id. */
export async function eventWithRoom(
  url: string,
  change: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<number> {
  const event = await newEvent(url, { zones: [{ rows: 10, seatsPerRow: 50 }] }, headers);
  await setRoom(url, { mode: 'on', ...change }, event, headers);
  return event;
}

/** The state of an event's line in Redis. */
export async function lineState(rooms: Pick<RoomStore, 'read'>, event: number) {
  const state = (await rooms.read([event])).get(event);
  if (state === undefined) throw new Error('Redis does not know the line');
  return state;
}
