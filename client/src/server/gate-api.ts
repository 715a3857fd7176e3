import { createClock } from '../clock.ts';
import { errorOf, FrontrowError, type ProblemFields } from '../error.ts';
import { within } from '../wait.ts';

/** Milliseconds in which the API must answer: a visitor of the site waits for it. */
const TIMEOUT_MS = 3_000;

/** Milliseconds between two requests to an API that does not answer. Meanwhile nobody waits for it. */
const PAUSE_MS = 1_000;

/** Bytes of an answer: keys, lines and verdicts have less than a tenth. */
const MAX_ANSWER_BYTES = 65_536;

/** The API, as a gate in front of a site asks it: once, and never for long. */
export function createGateApi(baseUrl: string) {
  const clock = createClock();
  let answers = true;
  let notBeforeMs = 0;

  const unanswered = (cause?: unknown) =>
    new FrontrowError('NO_ANSWER', `There is no answer from ${new URL(baseUrl).host}.`, { cause });

  async function receive(url: URL, body: string | undefined, signal: AbortSignal) {
    const sentAtMs = Date.now();
    const sent = body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    const response = await fetch(url, { ...sent, redirect: 'error', signal });
    const answer: unknown = JSON.parse(await textOf(response));
    clock.read(response, undefined, sentAtMs);
    if (typeof answer !== 'object' || answer === null) throw new Error('an answer that is no object');
    return { response, answer };
  }

  return {
    clock,

    /**
     * Sends a request once, with a body as POST. While the API does not answer, one request a second finds out whether
     * it does again; the others fail at once.
     *
     * @throws FrontrowError NO_ANSWER, or where the answer is not a success
     */
    async ask<Body>(path: string, body?: object): Promise<Body> {
      const nowMs = performance.now();
      if (nowMs < notBeforeMs) throw unanswered();
      if (!answers) notBeforeMs = nowMs + TIMEOUT_MS + PAUSE_MS;
      const fault = () => new Error(`no answer in ${TIMEOUT_MS} ms`);
      const content = body && JSON.stringify(body);
      const asked = within(TIMEOUT_MS, { signal: undefined, fault }, (signal) =>
        receive(new URL(path, baseUrl), content, signal),
      );
      const { response, answer } = await asked.catch((cause) => {
        answers = false;
        notBeforeMs = performance.now() + PAUSE_MS;
        throw unanswered(cause);
      });
      answers = true;
      notBeforeMs = 0;
      if (!response.ok) throw errorOf(response, answer as ProblemFields);
      return answer as Body;
    },
  };
}

export type GateApi = ReturnType<typeof createGateApi>;

/** @throws Error past the bound */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  let text = '';
  for (let bytes = 0; reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
