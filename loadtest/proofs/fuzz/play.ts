import { setTimeout as sleep } from 'node:timers/promises';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { createTally, type Tally } from '../../kit/tally.ts';
import { CLOSE, frameOf, readAnswer, readFrame, TEXT, type WireAnswer } from '../../kit/wire-format.ts';
import { answerDefects, messageDefects, nameOf } from './answers.ts';
import type { Input, World } from './category.ts';
import { inputOf } from './input.ts';
import { createLine, type Line } from './line.ts';

/** Milliseconds in which a readable request must be answered. A route of operators waits so long for a worker. */
const ANSWER_MS = 65_000;

/** Milliseconds of silence, after the answer to a later request, that end the wait for an uncertain answer. */
const SILENCE_MS = 20;

/** Milliseconds between two bytes of a slow input. */
const SLOW_MS = 2;

/** Failures that are printed. */
const MAX_EXAMPLES = 20;

/** Bytes of an input that are printed. */
const MAX_PRINTED_BYTES = 600;

type Failure = { index: number; what: string; problem: string; sent: string };

export type FuzzResult = {
  inputs: number;
  /** Answers by status, by Node's own refusals, and by close codes of sockets. */
  answers: Map<string, number>;
  failures: number;
  examples: Failure[];
};

/** One connection that plays inputs. */
type Player = {
  line: Line;
  answers: Tally;
  /** Sends another request over a connection of its own and waits for its answer: connections are served in order. */
  sendLater: () => Promise<void>;
};

/**
 * Sends the inputs of a seed, from one number to another, over several connections at once, and compares every answer
 * with the contract. A readable request must be answered, by the compat routes with 200, 201 or 409. Everything else
 * may be refused or cut off, never with 500, and never with internals.
 *
 * @param onInput is called before each input; a promise holds back its connection
 */
export async function fuzz(options: {
  url: string;
  seed: number;
  from: number;
  to: number;
  connections: number;
  world: World;
  onInput?: (index: number) => Promise<void> | void;
}): Promise<FuzzResult> {
  const { url, seed, from, to, connections, world, onInput } = options;
  const answers = createTally();
  const result: FuzzResult = { inputs: 0, answers: answers.counts, failures: 0, examples: [] };
  const sendLater = async () => {
    const answer = await fetch(`${url}/healthz`, { headers: { connection: 'close' } });
    await answer.arrayBuffer();
  };
  let next = from;

  async function playInputs(): Promise<void> {
    const player: Player = { line: createLine(url), answers, sendLater };
    while (next < to) {
      const index = next;
      next += 1;
      await onInput?.(index);
      const input = inputOf(seed, index, world);
      for (const problem of await play(player, input)) {
        result.failures += 1;
        const failure = { index, what: input.what, problem, sent: printable(input) };
        if (result.examples.length < MAX_EXAMPLES) result.examples.push(failure);
      }
      result.inputs += 1;
    }
    player.line.drop();
  }

  await Promise.all(Array.from({ length: connections }, playInputs));
  return result;
}

async function sendInput(line: Line, { bytes, isSlow }: Input): Promise<void> {
  if (!isSlow) return line.send(bytes);
  for (const byte of bytes) {
    line.send(Buffer.from([byte]));
    await sleep(SLOW_MS);
  }
}

/** Sends one input and reads the answers. Returns their defects. */
async function play(player: Player, input: Input): Promise<string[]> {
  const { line, answers: tally } = player;
  const { expected } = input;
  if (expected === undefined) line.drop();
  const { isReused } = line;
  await sendInput(line, input);
  try {
    if (input.frames !== undefined) return await converse(player, input);
    const answers = await readAnswers(player, input);
    // A server may close a reused connection at the moment of a request: clients send the request again.
    if (answers.length === 0 && expected !== undefined && line.hasEnded && isReused) return await play(player, input);
    const defects = answers.flatMap((answer, i) => answerDefects(answer, expected?.[i]));
    for (const answer of answers) tally.add(nameOf(answer));
    const missing = (expected?.length ?? 0) - answers.length;
    const closes = answers.at(-1)?.headers.get('connection') === 'close';
    if (missing > 0 && !closes) defects.push(`${missing} requests without an answer`);
    if (expected === undefined || closes || missing > 0) line.drop();
    return defects;
  } catch (fault) {
    line.drop();
    return [(fault as Error).message];
  }
}

/** Reads the answers to an input: to every expected request, else those that come before the silence. */
async function readAnswers({ line, sendLater }: Player, { expected }: Pick<Input, 'expected'>): Promise<WireAnswer[]> {
  const answers: WireAnswer[] = [];
  if (expected === undefined) await sendLater();
  for (;;) {
    for (;;) {
      const read = readAnswer(line.received, expected?.[answers.length]?.isHead ?? false);
      if (read === undefined) break;
      line.received = read.rest;
      if (read.answer.status === 101) return [...answers, read.answer];
      if (read.answer.status >= 200) answers.push(read.answer);
    }
    if (expected !== undefined && answers.length >= expected.length) return answers;
    if (line.hasEnded) return answers;
    if (!(await line.nextChange(expected === undefined ? SILENCE_MS : ANSWER_MS))) return answers;
  }
}

/** Reads the frames that came. Returns defects, and whether the conversation is over. */
function readFrames({ line, answers }: Player, marker: string): { defects: string[]; isOver: boolean } {
  const defects: string[] = [];
  let isOver = false;
  for (let frame = readFrame(line.received); frame !== undefined; frame = readFrame(line.received)) {
    line.received = frame.rest;
    if (frame.opcode === TEXT) {
      const text = String(frame.payload);
      defects.push(...messageDefects(text));
      isOver ||= text.includes(marker);
    }
    if (frame.opcode === CLOSE) {
      answers.add(`socket closed ${frame.payload.length < 2 ? 'without a code' : frame.payload.readUInt16BE(0)}`);
      isOver = true;
    }
  }
  return { defects, isOver };
}

/** Plays a WebSocket conversation. Afterwards the server has closed the socket, or it still answers. */
async function converse(player: Player, { frames, staysOpen }: Input): Promise<string[]> {
  const { line, answers, sendLater } = player;
  const [upgraded] = await readAnswers(player, { expected: [{ path: '/ws', isHead: false }] });
  if (upgraded?.status !== 101) return [`the upgrade was answered ${upgraded?.status}: ${upgraded?.body}`];
  const marker = newTicketId(0);
  line.send(frames ?? Buffer.alloc(0));
  if (staysOpen) line.send(frameOf({ opcode: TEXT, payload: JSON.stringify({ type: 'subscribe', ticketId: marker }) }));
  else await sendLater();
  const defects: string[] = [];
  for (;;) {
    const read = readFrames(player, marker);
    defects.push(...read.defects);
    if (read.isOver || line.hasEnded) break;
    if (await line.nextChange(staysOpen ? ANSWER_MS : SILENCE_MS)) continue;
    if (staysOpen) defects.push('the socket neither answers nor is closed');
    break;
  }
  answers.add('socket');
  line.drop();
  return defects;
}

/** The bytes of an input as a terminal shows them and a program reads them: all but printable ASCII as \xNN. */
function printable({ bytes, frames = bytes }: Input): string {
  const text = frames
    .subarray(0, MAX_PRINTED_BYTES)
    .toString('latin1')
    .replaceAll('\\', '\\\\')
    .replaceAll(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return frames.length > MAX_PRINTED_BYTES ? `${text} ... (${frames.length} bytes)` : text;
}
