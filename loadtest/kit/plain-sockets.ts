import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { frameOf, readAnswer, TEXT, UPGRADE } from './wire-format.ts';

/** Sockets that are opened at once. */
const OPENING = 100;

/** Files that a process has open beside its sockets. */
const OTHER_FILES = 200;

/** A message as a client sends it. */
export const frameOfMessage = (message: unknown) => frameOf({ opcode: TEXT, payload: JSON.stringify(message) });

/** @throws ConfigError where this process, and so one that it starts, may not have so many sockets */
export function requireFilesFor(sockets: number): void {
  const files = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? sockets * 2);
  if (files >= sockets + OTHER_FILES) return;
  throw new ConfigError(
    `${sockets} sockets need a limit of ${sockets + OTHER_FILES} open files, and it is ${files}: raise it with ulimit -n.`,
  );
}

/** Opens a WebSocket on a plain connection: so one can stop reading for good. */
function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.on('error', reject);
    socket.write(UPGRADE);
    socket.once('data', (bytes) => {
      if (readAnswer(bytes, false)?.answer.status === 101) resolve(socket);
      else reject(new Error(`a socket was refused: ${String(bytes).slice(0, 200)}`));
    });
  });
}

/** Opens WebSockets to an API on this machine, some at once, and calls `each` with every one. */
export async function openSockets(
  port: number,
  sockets: number,
  each: (socket: Socket, number: number) => void,
): Promise<Socket[]> {
  const opened: Socket[] = [];
  for (let from = 0; from < sockets; from += OPENING) {
    const some = Array.from({ length: Math.min(OPENING, sockets - from) }, () => openSocket(port));
    for (const [i, socket] of (await Promise.all(some)).entries()) {
      socket.removeAllListeners('error').on('error', () => undefined); // what it was to be told is missing then
      each(socket, from + i);
      opened.push(socket);
    }
  }
  return opened;
}
