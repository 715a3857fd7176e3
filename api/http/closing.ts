import type { Server } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that all connections are given to end, once no more are accepted. */
const LINGER_MS = 2_500;

/** Of these, how long a connection without a request under way is kept: its client may just be sending the next one. */
const LAST_REQUEST_MS = 250;

/** Milliseconds between two checks which connections have ended or are idle. */
const LOOK_MS = 20;

/**
 * The part of Node's state of a connection that we need: its answer under way, and its parser, which an upgrade
 * removes.
 */
type HttpSocket = Socket & { _httpMessage?: object | null; parser?: object | null };

const rests = (socket: HttpSocket): boolean => Boolean(socket.parser) && !socket._httpMessage;

/**
 * Ends a server's connections so that no client sees a reset: an answer carries `Connection: close`, and a connection
 * without a request is half-closed. Node's own `close` destroys such connections at once, also those on which a request
 * is arriving.
 */
export function createClosing(server: Server) {
  const connections = new Set<Socket>();
  let ending = false;
  let halfClosing = false;
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  /** A request that arrives after its connection was half-closed cannot be answered, so it must not run either. */
  function ignoreLateRequests(): void {
    const serving = server.listeners('request') as ((...args: unknown[]) => void)[];
    server.removeAllListeners('request');
    server.on('request', (req, res) => {
      if (req.socket.writable) for (const serve of serving) serve.call(server, req, res);
    });
    halfClosing = true;
  }

  /** From here on each answer carries `Connection: close`. */
  function endEachConnection(): void {
    if (ending) return;
    ending = true;
    server.prependListener('request', (_req, res) => {
      res.shouldKeepAlive = false;
    });
  }

  return {
    endEachConnection,

    /** Accepts no more connections, and resolves when all have ended or were cut off. */
    async close(): Promise<void> {
      endEachConnection();
      TcpServer.prototype.close.call(server); // the HTTP server's own `close` would destroy idle connections
      const startedAt = performance.now();
      for (let ms = 0; connections.size > 0 && ms < LINGER_MS; ms = performance.now() - startedAt) {
        if (ms >= LAST_REQUEST_MS) {
          if (!halfClosing) ignoreLateRequests();
          for (const socket of connections) if (rests(socket)) socket.end();
        }
        await sleep(LOOK_MS);
      }
      server.close(); // its timers
      for (const socket of connections) socket.destroy();
    },
  };
}
