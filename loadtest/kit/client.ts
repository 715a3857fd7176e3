import { Agent, type Dispatcher } from 'undici';

/** An answer. Its status is 0 where there was none. */
export type Reply = { status: number; body: Record<string, unknown> };

/** Milliseconds after which a request has no answer, where the caller does not choose. */
const TIMEOUT_MS = 90_000;

/**
 * A client of these addresses, in turn. It opens as many connections as it has requests under way. Requests without an
 * answer are not repeated: their outcome is unknown.
 *
 * @param options.headers of every request
 */
export function openClient(
  urls: readonly string[],
  { timeoutMs = TIMEOUT_MS, headers = {} }: { timeoutMs?: number; headers?: Record<string, string> } = {},
) {
  const agent = new Agent({ pipelining: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  let next = 0;
  return {
    async send(
      method: Dispatcher.HttpMethod,
      path: string,
      body?: unknown,
      ownHeaders: Record<string, string> = {},
    ): Promise<Reply> {
      next = (next + 1) % urls.length;
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      try {
        const { statusCode, body: answer } = await agent.request({
          origin: urls[next] ?? '',
          path,
          method,
          headers: { ...headers, ...type, ...ownHeaders },
          body: body === undefined ? null : JSON.stringify(body),
        });
        return { status: statusCode, body: (await answer.json()) as Reply['body'] };
      } catch {
        return { status: 0, body: {} }; // the caller counts or repeats it
      }
    },
    close: () => agent.destroy(),
  };
}

export type Client = ReturnType<typeof openClient>;
