import type { Server } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds in which all connections have to end, once no more are accepted. */
const LINGER_MS = 2_500;

/** Of these, how long an idle connection stays open: its client may be sending the next request. */
const LAST_REQUEST_MS = 250;

/** Milliseconds between two checks for connections that have ended or are idle. */
const CHECK_MS = 20;

/** Milliseconds that a turn of the event loop may take to count as quiet, and that one is awaited. */
const QUIET_TURN_MS = 0.05;
const QUIET_TURN_WITHIN_MS = 250;

/** Parts of Node's state of a connection: the answer that it is sending, and its parser, which an upgrade removes. */
type HttpSocket = Socket & { _httpMessage?: object | null; parser?: object | null };

const isIdle = (socket: HttpSocket): boolean => Boolean(socket.parser) && !socket._httpMessage;

/**
 * Ends a server's connections so that no client sees a reset: an answer has `Connection: close`, and an idle connection
 * is half-closed. Node's own `close` destroys idle connections at once, also those on which a request is arriving.
 */
export function createClosing(server: Server) {
  const connections = new Set<Socket>();
  let isEnding = false;
  let isHalfClosing = false;
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  /**
   * Waits for a short turn of the event loop in which no connection arrived. The kernel has completed connections that
   * are not accepted yet, and resets them when the listening socket closes: a proxy that has sent its request by then
   * cannot retry it.
   */
  async function quietTurn(): Promise<void> {
    let arrived = 0;
    const count = () => {
      arrived += 1;
    };
    server.on('connection', count);
    await endOfTurn();
    const startedAt = performance.now();
    for (let turnAt = startedAt, isQuiet = false; !isQuiet && turnAt - startedAt < QUIET_TURN_WITHIN_MS; ) {
      arrived = 0;
      await endOfTurn();
      const now = performance.now();
      isQuiet = arrived === 0 && now - turnAt < QUIET_TURN_MS;
      turnAt = now;
    }
    server.off('connection', count);
  }

  /** A request that arrives after its connection was half-closed cannot be answered, so it must not run. */
  function ignoreLateRequests(): void {
    const listeners = server.listeners('request') as ((...args: unknown[]) => void)[];
    server.removeAllListeners('request');
    server.on('request', (req, res) => {
      if (req.socket.writable) for (const listener of listeners) listener.call(server, req, res);
    });
    isHalfClosing = true;
  }

  /** From now on each answer has `Connection: close`. */
  function endEachConnection(): void {
    if (isEnding) return;
    isEnding = true;
    server.prependListener('request', (_req, res) => {
      res.shouldKeepAlive = false;
    });
  }

  /**
   * Accepts no more connections, once those that have arrived are accepted. `others`: further handles of the listening
   * socket. They go first, for closing them takes longer than the quiet turn.
   */
  async function stopAccepting(others?: { close(): unknown }): Promise<void> {
    others?.close();
    await quietTurn();
    TcpServer.prototype.close.call(server); // the HTTP server's own `close` would destroy idle connections
  }

  return {
    endEachConnection,
    stopAccepting,

    /** Accepts no more connections, and resolves when all have ended or were destroyed. */
    async close(): Promise<void> {
      endEachConnection();
      if (server.listening) await stopAccepting();
      const startedAt = performance.now();
      for (let ms = 0; connections.size > 0 && ms < LINGER_MS; ms = performance.now() - startedAt) {
        if (ms >= LAST_REQUEST_MS) {
          await endOfTurn(); // requests that have arrived are read: their connections are not idle
          if (!isHalfClosing) ignoreLateRequests();
          for (const socket of connections) if (isIdle(socket)) socket.end();
        }
        await sleep(CHECK_MS);
      }
      server.close(); // stops its timers
      for (const socket of connections) socket.destroy();
    },
  };
}
