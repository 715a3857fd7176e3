/*
 * WebSocket frames and HTTP answers as bytes, for clients that send what no library sends.
 */

/** Opcodes of RFC 6455, section 5.2. */
export const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

/** The request that opens a WebSocket, with the key of the RFC's example. */
export const UPGRADE = Buffer.from(
  'GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
    'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
);

const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);

/** A client's frame. Some options make it invalid. */
export function frameOf(frame: {
  opcode: number;
  payload: string | Buffer;
  fin?: boolean;
  masked?: boolean;
  reserved?: number;
}): Buffer {
  const { opcode, fin = true, masked = true, reserved = 0 } = frame;
  const payload = Buffer.from(frame.payload);
  const [first, mask] = [(fin ? 0x80 : 0) | (reserved << 4) | opcode, masked ? 0x80 : 0];
  let head: Buffer;
  if (payload.length < 126) {
    head = Buffer.from([first, mask | payload.length]);
  } else {
    head = Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(payload.length, 6);
  }
  if (!masked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, MASK, payload.map((byte, i) => byte ^ (MASK[i % 4] as number))]);
}

/** The first frame of a server's bytes, and the bytes after it; undefined where it is not complete yet. */
export function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const end = start + length;
  if (bytes.length < end) return undefined;
  return { opcode: bytes.readUInt8(0) & 0x0f, payload: bytes.subarray(start, end), rest: bytes.subarray(end) };
}

/** An HTTP answer. */
export type WireAnswer = { status: number; headers: ReadonlyMap<string, string>; body: string };

/**
 * The first answer of a server's bytes, and the bytes after it; undefined where it is not complete yet.
 *
 * @param isHead whether it answers a HEAD: then it has no body, whatever its length says
 * @throws Error where it is no HTTP
 */
export function readAnswer(bytes: Buffer, isHead: boolean): { answer: WireAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no HTTP answer: ${first.slice(0, 100)}`);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const after = bytes.subarray(end + 4);
  const answered = (body: Buffer, rest: Buffer) => ({ answer: { status, headers, body: String(body) }, rest });
  if (isHead || status < 200 || status === 204 || status === 304) return answered(Buffer.alloc(0), after);
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunked = readChunks(after);
    return chunked && answered(chunked.body, chunked.rest);
  }
  // Node's own refusals have no length and no body.
  const length = Number(headers.get('content-length') ?? 0);
  return after.length < length ? undefined : answered(after.subarray(0, length), after.subarray(length));
}

function readChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const line = rest.indexOf('\r\n');
    if (line === -1) return undefined;
    const size = Number.parseInt(rest.toString('latin1', 0, line), 16);
    const [from, to] = [line + 2, line + 2 + size];
    if (rest.length < to + 2) return undefined;
    chunks.push(rest.subarray(from, to));
    rest = rest.subarray(to + 2);
    if (size === 0) return { body: Buffer.concat(chunks), rest };
  }
}
