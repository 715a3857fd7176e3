// biome-ignore lint/style/noRestrictedImports: it starts a few lines of its own, no program of another room
import { type SendHandle, spawn } from 'node:child_process';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';

/** Listening handles beside the server's own. Each accepts one connection in a turn of the event loop. */
const HANDLES = 32;

/** Milliseconds in which the helper process must have sent them. */
const HELPER_TIMEOUT_MS = 10_000;

/** The helper process: sends the received socket back `count` times and ends. It accepts no connection itself. */
const HELPER = `
process.on('message', async (count, socket) => {
  for (let i = 0; i < count; i += 1) await new Promise((sent) => process.send(i, socket, sent));
  process.exit();
});`;

/**
 * Lets a listening server accept many connections in a turn of the event loop instead of one.
 *
 * Node accepts one connection in a turn (libuv, pull request 3696), and a turn lasts until all pending requests are
 * served: with a thousand busy connections only 17 new ones are accepted in a second. Each further handle of the
 * listening socket accepts one more. On Node 20 only another process can duplicate the handle: this one sends it the
 * socket, and it sends the socket back. `reusePort` of later versions would do the same.
 *
 * @returns the function that closes these handles, once their connections have ended
 * @throws Error where the helper process fails; the server then accepts one connection in a turn
 */
export async function acceptMany(server: Server): Promise<{ close(): Promise<void> }> {
  const listeners: NetServer[] = [];
  const close = async () => {
    await Promise.all(listeners.map((listener) => new Promise((closed) => listener.close(closed))));
  };
  const helper = spawn(process.execPath, ['-e', HELPER], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    timeout: HELPER_TIMEOUT_MS,
  });
  await new Promise<void>((resolve, reject) => {
    helper.on('message', (_number, socket) => {
      const listener = new NetServer({ noDelay: true }, (connection) => server.emit('connection', connection));
      listener.listen(socket);
      if (listeners.push(listener) === HANDLES) resolve();
    });
    helper.on('error', reject);
    helper.on('exit', (code) => reject(new Error(`the helper ended: ${code === null ? 'timeout' : `code ${code}`}`)));
    // The bare socket, as Node's cluster sends it: a process that receives a Server starts to accept with it at once.
    const { _handle: socket } = server as unknown as { _handle: SendHandle };
    helper.send(HANDLES, socket, (fault) => fault && reject(fault));
  }).catch((fault) => {
    void close();
    throw fault;
  });
  return { close };
}
