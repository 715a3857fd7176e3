import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPAT_PATHS } from '../../../api/http/compat-paths.ts';
import { serverMessage } from '../../../shared/contract/messages.ts';
import { errorCode } from '../../../shared/contract/tickets.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { CLOSE, frameOf, readAnswer, readFrame, TEXT, type WireAnswer } from '../../kit/wire-format.ts';
import { type AskedFor, type Input, inputOf, type World } from './input.ts';

/** Milliseconds in which whatever must be answered is answered. An operator's route waits so long for a worker. */
const ANSWER_MS = 65_000;

/** Milliseconds of silence after which nothing more is expected of what need not be answered, once a later request was. */
const SILENCE_MS = 20;

/** Milliseconds between two bytes that drip. */
const DRIP_MS = 2;

/** Failures that are kept, to be printed. */
const MAX_KEPT = 20;

/** What nobody outside has to know: places in our code, files, statements, parts. */
const INSIDE = /\bat .{0,200}:\d+:\d+|node_modules|\.[jt]s:\d|\bSELECT |\bINSERT |prisma|ioredis|bullmq|ECONN/i;

/** Statuses with which Node itself refuses what it cannot read as HTTP: without a body. */
const NODES_OWN = [400, 408, 413, 431];

export type FuzzResult = {
  inputs: number;
  /** Answers by status, by Node's own refusals, by close codes of sockets. */
  answers: Map<string, number>;
  failures: number;
  kept: { index: number; what: string; problem: string; sent: string }[];
};

/**
 * Sends the inputs of a seed, from one number to another, over so many connections at once, and holds every answer to the
 * contract. A readable request must be answered, by the seat system's routes with 200, 201 or 409; everything else may be
 * refused or cut off, never with 500 and never with words from inside.
 *
 * @param goOn is asked before each input; a promise holds back its connection
 */
export async function fuzz(options: {
  url: string;
  seed: number;
  from: number;
  to: number;
  connections: number;
  world: World;
  goOn?: (index: number) => Promise<void> | void;
}): Promise<FuzzResult> {
  const { url, seed, from, to, connections, world, goOn } = options;
  const { hostname, port } = new URL(url);
  const result: FuzzResult = { inputs: 0, answers: new Map(), failures: 0, kept: [] };
  const later = async () =>
    void (await (await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).arrayBuffer());
  const count = (name: string) => result.answers.set(name, (result.answers.get(name) ?? 0) + 1);
  let next = from;

  async function player(): Promise<void> {
    const line = createLine(() => connect({ host: hostname, port: Number(port), noDelay: true }));
    while (next < to) {
      const index = next;
      next += 1;
      await goOn?.(index);
      const input = inputOf(seed, index, world);
      for (const problem of await play(line, input, count, later)) {
        result.failures += 1;
        if (result.kept.length < MAX_KEPT) result.kept.push({ index, what: input.what, problem, sent: escaped(input) });
      }
      result.inputs += 1;
    }
    line.drop();
  }

  await Promise.all(Array.from({ length: connections }, player));
  return result;
}

/** A connection that is kept from one readable request to the next, as clients do, and made anew when it has ended. */
function createLine(open: () => Socket) {
  let socket: Socket | undefined;
  let received: Buffer = Buffer.alloc(0);
  let changed: () => void = () => undefined;
  let ended = false;

  return {
    get received() {
      return received;
    },
    set received(bytes: Buffer) {
      received = bytes;
    },
    get ended() {
      return ended;
    },
    /** Whether what is sent now goes over a connection that was used before. */
    get used() {
      return socket !== undefined && !ended;
    },
    send(bytes: Buffer): void {
      if (socket === undefined || ended) {
        const opened = open();
        socket = opened;
        received = Buffer.alloc(0);
        ended = false;
        opened.on('data', (chunk) => {
          if (socket !== opened) return;
          received = Buffer.concat([received, chunk]);
          changed();
        });
        opened.on('error', () => undefined); // followed by close
        opened.on('close', () => {
          if (socket !== opened) return;
          ended = true;
          changed();
        });
      }
      socket.write(bytes);
    },
    /** Waits until something came or the connection ended; false where neither was in time. */
    change(ms: number): Promise<boolean> {
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), ms);
        changed = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    },
    /** Ends the connection at once, and leaves none behind that waits for its end. */
    drop(): void {
      socket?.resetAndDestroy();
      socket = undefined;
      received = Buffer.alloc(0);
    },
  };
}

type Line = ReturnType<typeof createLine>;

/** Sends another request over a connection of its own and waits for its answer: connections are accepted one after the other. */
type Later = () => Promise<void>;

/** Sends one input and looks at what comes. Answers what is wrong with it. */
async function play(line: Line, input: Input, count: (name: string) => void, later: Later): Promise<string[]> {
  if (input.asks === undefined) line.drop();
  const { used } = line;
  if (input.drips) {
    for (const byte of input.bytes) {
      line.send(Buffer.from([byte]));
      await sleep(DRIP_MS);
    }
  } else {
    line.send(input.bytes);
  }
  try {
    if (input.frames !== undefined) return await converse(line, input, count, later);
    const answers = await answersOf(line, input, later);
    // A kept connection may be closed by its server just when it is used again: clients ask once more.
    if (answers.length === 0 && input.asks !== undefined && line.ended && used)
      return await play(line, input, count, later);
    const problems = answers.flatMap((answer, i) => problemsOf(answer, input.asks?.[i]));
    for (const answer of answers) count(nameOf(answer));
    const missing = (input.asks?.length ?? 0) - answers.length;
    const goodbye = answers.at(-1)?.headers.get('connection') === 'close';
    if (missing > 0 && !(goodbye && answers.length > 0)) problems.push(`${missing} requests without an answer`);
    if (input.asks === undefined || goodbye || missing > 0) line.drop();
    return problems;
  } catch (fault) {
    line.drop();
    return [(fault as Error).message];
  }
}

/** The answers to an input: to every request that must have one, else those that come before it is silent. */
async function answersOf(line: Line, { asks }: Pick<Input, 'asks'>, later: Later): Promise<WireAnswer[]> {
  const answers: WireAnswer[] = [];
  if (asks === undefined) await later();
  for (;;) {
    let read = readAnswer(line.received, asks?.[answers.length]?.head ?? false);
    while (read !== undefined) {
      line.received = read.rest;
      if (read.answer.status === 101) return [...answers, read.answer];
      if (read.answer.status >= 200) answers.push(read.answer);
      read = readAnswer(line.received, asks?.[answers.length]?.head ?? false);
    }
    if (asks !== undefined && answers.length >= asks.length) return answers;
    if (line.ended) return answers;
    if (!(await line.change(asks === undefined ? SILENCE_MS : ANSWER_MS))) return answers;
  }
}

/** Plays a WebSocket conversation. Afterwards the socket has been closed by the server, or it still answers. */
async function converse(
  line: Line,
  { frames, goesOn }: Input,
  count: (name: string) => void,
  later: Later,
): Promise<string[]> {
  const [upgraded] = await answersOf(line, { asks: [{ path: '/ws', head: false }] }, later);
  if (upgraded?.status !== 101) return [`the upgrade was answered ${upgraded?.status}: ${upgraded?.body}`];
  const marker = newTicketId(0);
  line.send(frames ?? Buffer.alloc(0));
  if (goesOn) line.send(frameOf({ opcode: TEXT, payload: JSON.stringify({ type: 'subscribe', ticketId: marker }) }));
  else await later();
  const problems: string[] = [];
  let done = false;
  while (!done) {
    for (let frame = readFrame(line.received); frame !== undefined; frame = readFrame(line.received)) {
      line.received = frame.rest;
      if (frame.opcode === TEXT) {
        const text = String(frame.payload);
        problems.push(...messageProblems(text));
        done ||= text.includes(marker);
      }
      if (frame.opcode === CLOSE) {
        count(`socket closed ${frame.payload.length < 2 ? 'without a code' : frame.payload.readUInt16BE(0)}`);
        done = true;
      }
    }
    if (done || line.ended) break;
    if (await line.change(goesOn ? ANSWER_MS : SILENCE_MS)) continue;
    if (goesOn) problems.push('the socket neither answers nor is closed');
    break;
  }
  count('socket');
  line.drop();
  return problems;
}

function messageProblems(text: string): string[] {
  const message = serverMessage.safeParse(parsed(text)).data;
  const problems = INSIDE.test(text) ? [`words from inside: ${text}`] : [];
  if (message === undefined) problems.push(`a message that is not in the contract: ${text}`);
  else if (message.type === 'error' && message.code === 'INTERNAL') problems.push(`INTERNAL: ${text}`);
  return problems;
}

const nameOf = ({ status, body }: WireAnswer): string => {
  if (NODES_OWN.includes(status) && body === '') return `${status} of Node's own`;
  const code = status < 400 ? undefined : (parsed(body) as { code?: string } | undefined)?.code;
  return code === undefined ? String(status) : `${status} ${code}`;
};

/** The problem with an answer. `asked`: the request that it is known to answer. */
function problemsOf(answer: WireAnswer, asked: AskedFor | undefined): string[] {
  const { status, headers, body } = answer;
  const path = asked?.path;
  const problems: string[] = [];
  const wrong = (what: string) => problems.push(`${what}: ${status} ${body.slice(0, 500)}`);
  if (NODES_OWN.includes(status) && body === '' && path === undefined) {
    if (headers.get('connection') !== 'close') wrong('it does not say that the connection ends');
    return problems;
  }
  if (status === 500) wrong('500');
  if (asked?.refused && status < 400) wrong('taken, and it has a mistake');
  if (asked?.decided && (parsed(body) as { code?: string } | undefined)?.code === 'UNAVAILABLE')
    wrong('put off for ever');
  if (path !== undefined && COMPAT_PATHS.test(path) && ![200, 201, 409].includes(status)) wrong(`at ${path}`);
  const type = headers.get('content-type') ?? '';
  const withoutBody = status === 101 || status === 304 || (body === '' && headers.get('content-length') !== '0');
  if (status >= 400 && !withoutBody) {
    const { code } = (parsed(body) ?? {}) as { code?: unknown };
    const ready = (path === '/readyz' || path === '/healthz/pipeline') && status === 503;
    if (!errorCode.safeParse(code).success && !ready) wrong('no code of the catalogue');
    if (!/^application\/(problem\+)?json/.test(type)) wrong(`told as ${type}`);
    if (code === 'INTERNAL') wrong('INTERNAL');
    if (INSIDE.test(body)) wrong('words from inside');
  } else if (type.startsWith('application/json') && !withoutBody && parsed(body) === undefined) {
    wrong('no JSON');
  }
  return problems;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which is what its callers ask
  }
}

/** Bytes so that a terminal shows them and a program reads them: what is not printable ASCII as \xNN. */
function escaped({ bytes, frames }: Input): string {
  const all = frames === undefined ? bytes : frames;
  const text = all
    .subarray(0, 600)
    .toString('latin1')
    .replaceAll('\\', '\\\\')
    .replaceAll(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return all.length > 600 ? `${text} ... (${all.length} bytes)` : text;
}
