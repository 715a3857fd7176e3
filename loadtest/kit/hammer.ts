import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, createConnection } from './connection.ts';

/** Milliseconds without an answer after which the load ends. */
const GIVE_UP_MS = 60_000;

/** Milliseconds after a broken connection until its next request. */
const RETRY_MS = 200;

/** Milliseconds after an answer that means "later" until the request is repeated. */
const REPEAT_MS = 1_000;

/** The codes that mean "later". Compat routes have them with status 409. */
const LATER: ReadonlySet<unknown> = new Set(['UNAVAILABLE', 'NOT_REPLICATED', 'OVERLOADED']);

const meansLater = ({ status, body }: Answer): boolean =>
  status === 503 || (status === 409 && LATER.has((body as { code?: unknown } | undefined)?.code));

/** The value of a JSON text; undefined where it is none. */
export function parsedJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Headers of a request for seats that is answered with a ticket, whatever the server's RESERVE_WAIT_SECONDS is. */
export const NO_WAIT = { prefer: 'wait=0' };

/** An answered request. `body` is undefined where it is no JSON. */
export type Answer = { status: number; body: unknown; ms: number };

/** Waits until the request with this number is due. Returns the time from which its answer is measured. */
async function untilDue(index: number, firstAt: number, perSecond: number | undefined): Promise<number> {
  if (perSecond === undefined) return performance.now();
  const dueAt = firstAt + (index / perSecond) * 1000;
  const early = dueAt - performance.now();
  if (early > 0) await sleep(early);
  return dueAt;
}

/**
 * Sends requests over a fixed number of connections, spread over the given addresses, until all are sent. Each
 * connection sends its next request after an answer (a closed loop). A request whose connection broke is not sent
 * again, unless it repeats: its outcome is unknown.
 *
 * @param perSecond requests that are due in a second, at even distances. An answer's time then counts from when its
 *   request was due, so that a system that falls behind cannot hide it. By default as many as are answered
 * @param repeats sends a request again, for a minute, whose answer means "later" or that gets none. It needs an
 *   Idempotency-Key
 * @param bodyOf the JSON body of the request with this number, from 0; none for a GET
 * @param onAnswer is called for each answer; a promise holds back its connection until it resolves
 * @returns how many requests had no answer
 * @throws Error where nothing answers for a minute
 */
export async function hammer(options: {
  urls: readonly string[];
  path: string;
  requests: number;
  connections: number;
  perSecond?: number | undefined;
  repeats?: boolean;
  method?: 'GET' | 'POST';
  headersOf?: (index: number) => Record<string, string>;
  bodyOf?: (index: number) => string;
  onAnswer: (answer: Answer, index: number) => void | Promise<void>;
}): Promise<{ noAnswer: number }> {
  const { urls, path, requests, connections, perSecond, method = 'POST', headersOf, bodyOf, onAnswer } = options;
  const { repeats = false } = options;
  const firstAt = performance.now();
  let next = 0;
  let noAnswer = 0;
  let lastAnswerAt = firstAt;

  /** Sends the request with this number. Returns undefined where it got no answer. */
  async function answerTo(index: number, client: Connection): Promise<Answer | undefined> {
    const startedAt = await untilDue(index, firstAt, perSecond);
    for (;;) {
      const request = { headers: headersOf?.(index), body: bodyOf?.(index) };
      try {
        const { status, text } = await client.send(method, path, request);
        lastAnswerAt = performance.now();
        const answer = { status, body: parsedJson(text), ms: lastAnswerAt - startedAt };
        if (!repeats || !meansLater(answer) || answer.ms > GIVE_UP_MS) return answer;
        await sleep(REPEAT_MS);
      } catch (fault) {
        if (performance.now() - lastAnswerAt > GIVE_UP_MS)
          throw new Error(`${urls.join(', ')}: no answer for a minute: ${(fault as Error).message}`);
        await sleep(RETRY_MS);
        if (!repeats) return undefined;
      }
    }
  }

  async function connection(number: number): Promise<void> {
    const client = createConnection(urls[number % urls.length] as string);
    try {
      while (next < requests) {
        const index = next;
        next += 1;
        const answer = await answerTo(index, client);
        if (answer === undefined) noAnswer += 1;
        else await onAnswer(answer, index);
      }
    } finally {
      client.close();
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, number) => connection(number)));
  return { noAnswer };
}
