import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a proxy does to the bytes that pass, both ways. */
type Mode = { name: 'pass' } | { name: 'delay'; delayMs: number } | { name: 'half-open' };

/** Bytes that one direction of a connection holds back before it stops reading. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/**
 * A TCP proxy in front of a server, with which the network between a program and that server is made bad: slow, silent while
 * its connections stay open, or reset. It can be turned to another server.
 */
export async function startProxy(serverUrl: string) {
  let target = addressOf(serverUrl);
  let mode: Mode = { name: 'pass' };
  const sockets = new Set<Socket>();
  const held = new Set<() => void>();

  /** Passes on what `from` sends, later or not at all for now, in order. */
  function pump(from: Socket, to: Socket): void {
    const waiting: Buffer[] = [];
    let bytes = 0;
    const flush = () => {
      for (const chunk of waiting.splice(0)) to.write(chunk);
      bytes = 0;
      from.resume();
      if (from.destroyed) end();
    };
    const end = () => {
      held.delete(flush);
      to.destroy();
    };
    from.on('data', (chunk: Buffer) => {
      if (mode.name === 'pass' && waiting.length === 0) return void to.write(chunk);
      waiting.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_HELD_BYTES) from.pause();
      if (mode.name === 'delay') setTimeout(() => mode.name !== 'half-open' && flush(), mode.delayMs);
    });
    held.add(flush);
    from.on('close', () => {
      // Who waits on a silent line does not learn that the other end has gone.
      if (mode.name !== 'half-open') end();
    });
    from.on('error', () => undefined); // followed by close
  }

  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('close', () => sockets.delete(socket));
    }
    pump(client, upstream);
    pump(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);

  function reset(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  return {
    /** The server's address by way of this proxy. */
    url: url.href,

    /** Holds every chunk back for so long. */
    delay(delayMs: number): void {
      mode = { name: 'delay', delayMs };
    },

    /** Passes nothing on, and closes nothing: new connections are taken, and are as silent. */
    fallSilent(): void {
      mode = { name: 'half-open' };
    },

    /** Resets every connection; new ones are as good as the mode has them. */
    reset,

    /** Passes everything on again, what was held back first. */
    pass(): void {
      mode = { name: 'pass' };
      for (const flush of held) flush();
    },

    /** Leads new connections elsewhere and resets the old ones, as a failover does. */
    turnTo(otherUrl: string): void {
      target = addressOf(otherUrl);
      reset();
    },

    async close(): Promise<void> {
      server.close();
      reset();
      await once(server, 'close');
    },
  };
}

export type FaultyLink = Awaited<ReturnType<typeof startProxy>>;

function addressOf(url: string): { host: string; port: number } {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}
