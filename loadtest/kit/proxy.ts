import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The treatment of bytes, both ways: passed on at once, passed on later, or held back on an open connection. */
type Mode = { name: 'pass' } | { name: 'delay'; delayMs: number } | { name: 'half-open' };

/** Bytes that one direction of a connection holds back before it stops reading. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** The mode of a proxy, and the flushes of the bytes that its connections hold back. */
type State = { mode: Mode; flushes: Set<() => void> };

/** Passes the bytes of `from` on to `to` in order, as the mode says. */
function pump(state: State, from: Socket, to: Socket): void {
  const heldChunks: Buffer[] = [];
  let heldBytes = 0;
  const flush = () => {
    for (const chunk of heldChunks.splice(0)) to.write(chunk);
    heldBytes = 0;
    from.resume();
    if (from.destroyed) end();
  };
  const end = () => {
    state.flushes.delete(flush);
    to.destroy();
  };
  from.on('data', (chunk: Buffer) => {
    const { mode } = state;
    if (mode.name === 'pass' && heldChunks.length === 0) return void to.write(chunk);
    heldChunks.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > MAX_HELD_BYTES) from.pause();
    if (mode.name === 'delay') setTimeout(() => state.mode.name !== 'half-open' && flush(), mode.delayMs);
  });
  state.flushes.add(flush);
  from.on('close', () => {
    if (state.mode.name !== 'half-open') end(); // a silent line does not report its other end's close
  });
  from.on('error', () => undefined); // followed by close
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

/**
 * A TCP proxy before a server. It makes the network to that server slow, silent while its connections stay open, or
 * resets its connections. It can lead to another server.
 */
export async function startProxy(serverUrl: string) {
  const state: State = { mode: { name: 'pass' }, flushes: new Set() };
  const sockets = new Set<Socket>();
  let target = addressOf(serverUrl);

  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('close', () => sockets.delete(socket));
    }
    pump(state, client, upstream);
    pump(state, upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);

  function reset(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  return {
    /** The server's address through this proxy. */
    url: url.href,

    /** Holds every chunk back for so long. */
    delay(delayMs: number): void {
      state.mode = { name: 'delay', delayMs };
    },

    /** Passes nothing on and closes nothing. New connections are accepted, and are as silent. */
    fallSilent(): void {
      state.mode = { name: 'half-open' };
    },

    /** Resets every connection. */
    reset,

    /** Passes everything on, held bytes first. */
    pass(): void {
      state.mode = { name: 'pass' };
      for (const flush of state.flushes) flush();
    },

    /** Leads new connections to another server and resets the present ones, as a failover does. */
    redirect(otherUrl: string): void {
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
