import { connect, type Socket } from 'node:net';
import { frameOf, readAnswer, TEXT, UPGRADE } from './wire-format.ts';

/** Sockets that are opened at the same time. */
const OPENING = 100;

/** A message as a client sends it. */
export const frameOfMessage = (message: unknown): Buffer => frameOf({ opcode: TEXT, payload: JSON.stringify(message) });

/** Opens a WebSocket on a plain connection, which can stop reading for good. */
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

/** Opens WebSockets to an API on this machine, and calls `onOpen` for each. */
export async function openSockets(
  url: string,
  sockets: number,
  onOpen: (socket: Socket, number: number) => void,
): Promise<Socket[]> {
  const port = Number(new URL(url).port);
  const opened: Socket[] = [];
  while (opened.length < sockets) {
    const batch = Array.from({ length: Math.min(OPENING, sockets - opened.length) }, () => openSocket(port));
    for (const socket of await Promise.all(batch)) {
      socket.removeAllListeners('error').on('error', () => undefined); // its missing outcome shows the fault
      onOpen(socket, opened.length);
      opened.push(socket);
    }
  }
  return opened;
}
