import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Change } from '../../shared/contract/changes.ts';

/** A request that a receiver got. */
export type Received = { id: string; headers: IncomingHttpHeaders; text: string; changes: Change[] };

/** How a receiver behaves for one request. */
export type Behaviour = (res: ServerResponse, received: Received) => void;

export const answering =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (res) =>
    res.writeHead(status, headers).end();

export const hanging: Behaviour = () => undefined;
export const closing: Behaviour = (res) => res.destroy();

/** A shop's endpoint: it does what `next` lists, one for each request, and then `always`. */
export async function startReceiver() {
  const requests: Received[] = [];
  const receiver = {
    url: '',
    requests,
    next: [] as Behaviour[],
    always: answering(200),

    /** The changes that were taken, deduplicated by the id of their message, in the order in which they came. */
    taken: [] as Change[],

    /** @throws Error where the published package does not accept a request's signature */
    verify: (secret: string, { text, headers }: Received) =>
      new Webhook(secret).verify(text, headers as Record<string, string>),

    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const takenIds = new Set<string>();
  const server = createServer(async (req, res) => {
    let text = '';
    for await (const chunk of req.setEncoding('utf8')) text += chunk;
    const id = String(req.headers['webhook-id']);
    const received = { id, headers: req.headers, text, changes: (JSON.parse(text) as { data: Change[] }).data };
    requests.push(received);
    // Also where its sender is gone by then: a shop has booked before it answers.
    res.on('close', () => {
      if (!res.headersSent || res.statusCode >= 300 || takenIds.has(id)) return;
      takenIds.add(id);
      receiver.taken.push(...received.changes);
    });
    (receiver.next.shift() ?? receiver.always)(res, received);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/changes`;
  return receiver;
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;
