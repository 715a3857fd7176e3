import { connect, type Socket } from 'node:net';
import { readAnswer } from './wire-format.ts';

/** Milliseconds that an answer may take: longer than a client may ask to wait for an outcome. */
const ANSWER_TIMEOUT_MS = 70_000;

/** Milliseconds without use after which a connection is opened anew: servers close idle ones, Node's after 5 s. */
const IDLE_MS = 3_000;

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)\r\n/i;

/** An answer at the beginning of `bytes`; undefined where it is not whole yet. */
function answerIn(bytes: Buffer): { status: number; text: string; last: boolean } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end + 2);
  const last = /\r\nconnection: *close\r\n/i.test(head);
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length === undefined) {
    const { answer } = readAnswer(bytes, false) ?? {};
    return answer && { status: answer.status, text: answer.body, last };
  }
  const from = end + 4;
  const to = from + Number(length);
  // Every status line has its code in the same place: `HTTP/1.1 201 Created`.
  return bytes.length < to
    ? undefined
    : { status: Number(head.slice(9, 12)), text: bytes.toString('utf8', from, to), last };
}

/**
 * A connection that is kept open, one request at a time. On a plain socket: a generator shares its cores with
 * what it measures, and an HTTP client takes as much of them as the server that it asks.
 *
 * @param from the address of this machine that it comes from; left out, the operating system's choice
 */
export function createConnection(url: string, from?: string) {
  const { hostname, port, host } = new URL(url);
  let socket: Socket | undefined;
  let waiting:
    | { resolve: (answer: { status: number; text: string }) => void; reject: (fault: Error) => void }
    | undefined;
  let unread: Buffer | undefined;
  let usedAt = 0;

  function open(): Socket {
    const opened = connect({ host: hostname, port: Number(port), noDelay: true, ...(from && { localAddress: from }) });
    opened.setTimeout(ANSWER_TIMEOUT_MS, () => opened.destroy(new Error('no answer in time')));
    let broken = new Error('the connection was closed');
    opened.on('error', (fault) => {
      broken = fault;
    });
    opened.on('data', (chunk) => {
      try {
        unread = unread === undefined ? chunk : Buffer.concat([unread, chunk]);
        const answer = answerIn(unread);
        if (answer === undefined) return;
        unread = undefined;
        if (answer.last) forget();
        const asked = waiting;
        waiting = undefined;
        asked?.resolve(answer);
      } catch (fault) {
        opened.destroy(fault as Error);
      }
    });
    opened.on('close', () => {
      if (socket !== opened) return;
      socket = undefined;
      unread = undefined;
      waiting?.reject(broken);
      waiting = undefined;
    });
    return opened;
  }

  function forget(): void {
    const old = socket;
    socket = undefined;
    old?.destroy();
  }

  return {
    /**
     * Sends a request, with a JSON text where it has a body, and reads the answer whole.
     *
     * @throws Error where the connection broke: nobody knows what became of the request
     */
    send(
      method: 'GET' | 'POST' | 'DELETE',
      path: string,
      { headers = {}, body }: { headers?: Record<string, string> | undefined; body?: string | undefined } = {},
    ): Promise<{ status: number; text: string }> {
      const now = performance.now();
      if (now - usedAt > IDLE_MS) forget();
      usedAt = now;
      socket ??= open();
      let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
      for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
      if (body !== undefined)
        head += `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
      socket.write(`${head}\r\n${body ?? ''}`);
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
    close: forget,
  };
}
