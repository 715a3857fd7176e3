import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from './connection.ts';

/** Milliseconds without a single answer after which a target counts as gone. */
const GIVE_UP_MS = 60_000;

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an answer all the same; its status and the missing body speak
  }
}

/**
 * Headers of a request for seats that is to be answered with a ticket, whatever the server's RESERVE_WAIT_SECONDS is.
 */
export const NO_WAIT = { prefer: 'wait=0' };

/** One answered request. */
export type Answer = { status: number; body: unknown; ms: number };

/**
 * Sends requests over a fixed number of connections, spread over the given addresses, each its next one as soon as it has an answer (a closed loop), until
 * all are sent. A request whose connection broke is not sent again: nobody knows what became of it.
 *
 * @param perSecond how many are due in a second, at even distances: then an answer's time counts from when its request was
 *   due, so that a system that falls behind cannot hide it. Without it, as fast as answers come
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
  perSecond?: number;
  method?: 'GET' | 'POST';
  headersOf?: (index: number) => Record<string, string>;
  bodyOf?: (index: number) => string;
  onAnswer: (answer: Answer, index: number) => void | Promise<void>;
}): Promise<{ noAnswer: number }> {
  const { urls, path, requests, connections, perSecond, method = 'POST', headersOf, bodyOf, onAnswer } = options;
  let next = 0;
  let noAnswer = 0;
  let lastAnswerAt = performance.now();
  const firstAt = performance.now();

  /** When the request is due, once it is. */
  async function due(index: number): Promise<number> {
    if (perSecond === undefined) return performance.now();
    const dueAt = firstAt + (index / perSecond) * 1000;
    const early = dueAt - performance.now();
    if (early > 0) await sleep(early);
    return dueAt;
  }

  async function connection(number: number): Promise<void> {
    const client = createConnection(urls[number % urls.length] as string);
    try {
      while (next < requests) {
        const index = next;
        next += 1;
        const startedAt = await due(index);
        let answer: Answer;
        try {
          const { status, text } = await client.send(method, path, {
            headers: headersOf?.(index),
            body: bodyOf?.(index),
          });
          answer = { status, body: parsed(text), ms: performance.now() - startedAt };
          lastAnswerAt = performance.now();
        } catch (fault) {
          noAnswer += 1;
          if (performance.now() - lastAnswerAt > GIVE_UP_MS) {
            throw new Error(`${urls.join(', ')}: no answer for a minute: ${(fault as Error).message}`);
          }
          await sleep(200);
          continue;
        }
        await onAnswer(answer, index);
      }
    } finally {
      client.close();
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, number) => connection(number)));
  return { noAnswer };
}
