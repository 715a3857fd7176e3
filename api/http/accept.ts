// biome-ignore lint/style/noRestrictedImports: it starts a few lines of its own, no program of another room
import { type SendHandle, spawn } from 'node:child_process';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';

/** Connections that a node accepts in one turn of its event loop, beside its server's own. */
const HANDLES = 32;

/** Milliseconds that it may take to get them. */
const SENT_BACK_MS = 10_000;

/** Sends the socket that it is sent back as often as it is told, and ends. It never listens: what it accepted would end with it. */
const SEND_BACK = `
process.on('message', async (times, socket) => {
  for (let i = 0; i < times; i += 1) await new Promise((sent) => process.send(i, socket, sent));
  process.exit();
});`;

/**
 * Lets a listening server accept many connections in a turn of the event loop instead of one.
 *
 * Node accepts one for each turn (libuv, pull request 3696), and a turn is as long as all requests take that are there: with a
 * thousand busy connections there are 17 a second, and whoever comes anew waits in front of a door that is hardly opened. Each further
 * handle of the listening socket accepts one more. Node 20 can have them only from a process that it sent the socket to; `reusePort`
 * of later versions would do the same.
 *
 * @returns what closes these handles, once their connections have ended
 * @throws Error where that process does not do it; the server then accepts as before
 */
export async function acceptMany(server: Server): Promise<{ close(): Promise<void> }> {
  const doors: NetServer[] = [];
  const close = async () => {
    await Promise.all(doors.map((door) => new Promise((closed) => door.close(closed))));
  };
  const helper = spawn(process.execPath, ['-e', SEND_BACK], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    timeout: SENT_BACK_MS,
  });
  await new Promise<void>((resolve, reject) => {
    helper.on('message', (_number, socket) => {
      const door = new NetServer({ noDelay: true }, (connection) => server.emit('connection', connection));
      door.listen(socket);
      if (doors.push(door) === HANDLES) resolve();
    });
    helper.on('error', reject);
    helper.on('exit', (code) =>
      reject(new Error(`no more handles to accept with: ${code === null ? 'not in time' : `exit code ${code}`}`)),
    );
    // The bare socket, as Node's cluster sends it: a process that is sent a Server starts to accept with it at once.
    const { _handle: socket } = server as unknown as { _handle: SendHandle };
    helper.send(HANDLES, socket, (fault) => fault && reject(fault));
  }).catch((fault) => {
    void close();
    throw fault;
  });
  return { close };
}
