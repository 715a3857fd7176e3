import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/**
 * The fate of a request. `lost`: it is passed on, and its answer is dropped; `silent`: it gets no answer; an answer
 * of the gateway itself; or a pause, in milliseconds, before it is passed on.
 */
type Fault = 'lost' | 'silent' | { status: number; headers?: Record<string, string>; body?: string } | number;

type Recorded = { method: string; path: string; key: string | undefined; atMs: number };

/** An HTTP gateway before a server, which records requests, breaks some, and cuts or silences WebSockets. */
export async function startGateway(serverUrl: string) {
  let target = new URL(serverUrl);
  const requests: Recorded[] = [];
  const faults: { pattern: RegExp; fault: Fault; times: number }[] = [];
  const sockets = new Set<Socket>();
  const silent = new WeakSet<Socket>();

  function faultOf(name: string): Fault | undefined {
    const found = faults.find(({ pattern, times }) => times > 0 && pattern.test(name));
    if (found !== undefined) found.times -= 1;
    return found?.fault;
  }

  function pass(req: IncomingMessage, res: ServerResponse, isLost: boolean): void {
    const { method, url: path, headers } = req;
    const upstream = send({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
      if (isLost) return void answer.resume().on('end', () => res.destroy());
      res.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    });
    upstream.on('error', () => res.destroy());
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  }

  const server = createServer((req, res) => {
    const { method = '', url = '' } = req;
    const [path = ''] = url.split('?');
    requests.push({ method, path, key: req.headers['idempotency-key'] as string | undefined, atMs: performance.now() });
    const fault = faultOf(`${method} ${path}`);
    if (fault === 'silent') return;
    if (typeof fault === 'object') {
      res.writeHead(fault.status, fault.headers);
      res.end(fault.body);
    } else setTimeout(pass, typeof fault === 'number' ? fault : 0, req, res, fault === 'lost');
  });
  server.on('upgrade', (req, client: Socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    const head = Object.entries(req.headers).map(([name, value]) => `${name}: ${value}`);
    upstream.write([`GET ${req.url} HTTP/1.1`, ...head, '', ''].join('\r\n'));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => silent.has(from) || to.write(bytes));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** All requests, in their order. */
    requests,
    of: (method: string, path: RegExp) => requests.filter((made) => made.method === method && path.test(made.path)),
    /** Breaks the next requests whose `METHOD /path` matches. */
    break(pattern: RegExp, fault: Fault, times = 1): void {
      faults.push({ pattern, fault, times });
    },
    /** Ends all faults. */
    mend(): void {
      faults.length = 0;
    },
    /** WebSockets that are open. */
    sockets: () => sockets.size / 2,
    /** Resets all WebSockets. */
    cut(): void {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    /** Passes no byte of the present WebSockets on, and closes none: their other end has gone without a word. */
    hush(): void {
      for (const socket of sockets) silent.add(socket);
    },
    /** Leads to another server. */
    redirect(otherUrl: string): void {
      target = new URL(otherUrl);
    },
    async close(): Promise<void> {
      server.close();
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>;
