import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Change } from '../../shared/contract/changes.ts';
import type { WebhookView } from '../../shared/contract/webhooks.ts';
import { send } from './client.ts';
import { until } from './processes.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { asOperator, SERVER_SELLS } from './selling-server.ts';
import { useSystem } from './system.ts';

/** Milliseconds that a test waits for a delivery, however busy the machine is. */
export const WAIT_MS = 60_000;

type Made = WebhookView & { secret: string };

export const settingsFor = (url: string) => ({ url, types: ['event.changed'], description: 'a shop' });

const namesOf = (changes: readonly Change[]) =>
  changes.map(({ data }) => (data as { event: { name: string } }).event.name);

/** A system with an event and webhooks to receivers of this machine. Each test begins without a webhook. */
export function useWebhooks() {
  const system = useSystem({ ...SERVER_SELLS, WEBHOOKS_TO_PRIVATE_ADDRESSES: true });
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = asOperator) =>
    send(system().url, method, path, body, headers);
  const receivers: Receiver[] = [];
  let eventId: number;
  let names = 0;

  beforeAll(async () => {
    const zones = [{ rows: 1, seatsPerRow: 20, price: 4_500 }];
    const created = await call('POST', '/api/events', { name: 'Opera', currency: 'EUR', zones, seatLimit: null });
    eventId = Number(created.body.id);
  });
  afterEach(async () => {
    const { webhooks } = (await call('GET', '/admin/webhooks')).body as { webhooks: WebhookView[] };
    await Promise.all(webhooks.map(({ id }) => call('DELETE', `/admin/webhooks/${id}`)));
  });
  afterAll(() => Promise.all(receivers.map((receiver) => receiver.close())));

  return {
    system,
    call,
    eventId: () => eventId,

    async newReceiver(): Promise<Receiver> {
      const receiver = await startReceiver();
      receivers.push(receiver);
      return receiver;
    },

    /** Makes a webhook of the event's changes. */
    async makeFor({ url }: { url: string }, settings: object = {}): Promise<Made> {
      const { status, body } = await call('POST', '/admin/webhooks', { ...settingsFor(url), ...settings });
      expect([status, body]).toEqual([201, body]);
      return body as unknown as Made;
    },

    show: async (id: number) => (await call('GET', `/admin/webhooks/${id}`)).body as unknown as WebhookView,

    /** Makes changes, and returns the names that the event then has. */
    async change(times: number): Promise<string[]> {
      const made: string[] = [];
      for (let i = 0; i < times; i += 1) {
        names += 1;
        made.push(`Opera ${names}`);
        await call('PATCH', `/api/events/${eventId}`, { name: `Opera ${names}` });
      }
      return made;
    },

    hasTaken: (receiver: Receiver, expected: readonly string[]) =>
      until(
        () => receiver.taken.length >= expected.length,
        WAIT_MS,
        () => JSON.stringify(receiver.requests.map(({ id, text }) => [id, text.length])),
      ).then(() => expect(namesOf(receiver.taken)).toEqual(expected)),
  };
}
