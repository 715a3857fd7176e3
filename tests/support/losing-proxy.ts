import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP proxy that loses answers: the server has done the request, and its client gets nothing. */
export async function startLosingProxy(serverUrl: () => string) {
  const requests: string[] = [];
  const losses: RegExp[] = [];
  const server = createServer((req, res) => {
    const name = `${req.method} ${req.url}`;
    requests.push(name);
    const loss = losses.findIndex((one) => one.test(name));
    if (loss >= 0) losses.splice(loss, 1);
    const { method = 'GET', headers } = req;
    const forwarded = request(new URL(req.url ?? '/', serverUrl()), { method, headers }, (answer) => {
      if (loss >= 0) return void answer.resume().on('end', () => res.destroy());
      res.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(res);
    });
    forwarded.on('error', () => res.destroy());
    res.on('close', () => forwarded.destroy());
    req.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Method and address of each request, in the order in which they came. */
    requests,
    /** Loses the answers to the next requests whose method and address match, one for each pattern. */
    lose: (...patterns: RegExp[]): void => void losses.push(...patterns),
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
