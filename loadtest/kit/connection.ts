import { connect, type Socket } from 'node:net';
import { readAnswer } from './wire-format.ts';

/** Milliseconds that an answer may take: longer than a client may request to wait for an outcome. */
const ANSWER_TIMEOUT_MS = 70_000;

/** Milliseconds without use after which a connection is replaced: servers close idle ones, Node's after 5 s. */
const IDLE_MS = 3_000;

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)\r\n/i;

/** `head`: the status line and the headers. */
type Answer = { status: number; head: string; text: string };

/** An answer at the beginning of `bytes`; undefined where it is not complete yet. `isLast`: the server closes now. */
function answerIn(bytes: Buffer): (Answer & { isLast: boolean }) | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end + 2);
  const isLast = /\r\nconnection: *close\r\n/i.test(head);
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length === undefined) {
    const { answer } = readAnswer(bytes, false) ?? {};
    return answer && { status: answer.status, head, text: answer.body, isLast };
  }
  const from = end + 4;
  const to = from + Number(length);
  // Every status line has its code in the same place: `HTTP/1.1 201 Created`.
  return bytes.length < to
    ? undefined
    : { status: Number(head.slice(9, 12)), head, text: bytes.toString('utf8', from, to), isLast };
}

/** The value of a header in the head of an answer. */
export const headerIn = (head: string, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];

/** A socket that passes on each complete answer, and `onClose` with the reason once it is closed. */
function openSocket(
  at: { host: string; port: number; localAddress?: string },
  onAnswer: (answer: Answer & { isLast: boolean }) => void,
  onClose: (socket: Socket, reason: Error) => void,
): Socket {
  const socket = connect({ ...at, noDelay: true });
  let unread: Buffer | undefined;
  let reason = new Error('the connection was closed');
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  socket.on('error', (fault) => {
    reason = fault;
  });
  socket.on('data', (chunk) => {
    try {
      unread = unread === undefined ? chunk : Buffer.concat([unread, chunk]);
      const answer = answerIn(unread);
      if (answer === undefined) return;
      unread = undefined;
      onAnswer(answer);
    } catch (fault) {
      socket.destroy(fault as Error);
    }
  });
  socket.on('close', () => onClose(socket, reason));
  return socket;
}

/**
 * A connection that is kept open, one request at a time. It is a plain socket: a generator shares its cores with
 * the system that it measures, and an HTTP client uses as much of them as the server.
 *
 * @param from the local address; by default the operating system chooses it
 */
export function createConnection(url: string, from?: string) {
  const { hostname, port, host } = new URL(url);
  const at = { host: hostname, port: Number(port), ...(from && { localAddress: from }) };
  let socket: Socket | undefined;
  let pending: { resolve: (answer: Answer) => void; reject: (fault: Error) => void } | undefined;
  let usedAt = 0;

  function close(): void {
    const closed = socket;
    socket = undefined;
    closed?.destroy();
  }

  const open = () =>
    openSocket(
      at,
      (answer) => {
        if (answer.isLast) close();
        const answered = pending;
        pending = undefined;
        answered?.resolve(answer);
      },
      (closed, reason) => {
        if (socket !== closed) return;
        socket = undefined;
        pending?.reject(reason);
        pending = undefined;
      },
    );

  return {
    /**
     * Sends a request, with a JSON text where it has a body, and reads the complete answer.
     *
     * @throws Error where the connection broke: the request's outcome is unknown
     */
    send(
      method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS',
      path: string,
      { headers = {}, body }: { headers?: Record<string, string> | undefined; body?: string | undefined } = {},
    ): Promise<Answer> {
      const now = performance.now();
      if (now - usedAt > IDLE_MS) close();
      usedAt = now;
      socket ??= open();
      let head = `${method} ${path} HTTP/1.1\r\n`;
      if (headers.host === undefined) head += `host: ${host}\r\n`;
      for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
      if (body !== undefined)
        head += `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
      socket.write(`${head}\r\n${body ?? ''}`);
      return new Promise((resolve, reject) => {
        pending = { resolve, reject };
      });
    },
    close,
  };
}

export type Connection = ReturnType<typeof createConnection>;
