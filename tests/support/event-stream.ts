/** An event of a stream, as the fields of its block; a block without data has the others alone. */
export type ServerEvent = { id?: string; event?: string; data?: string; retry?: string };

/** The fields of a block. Lines that begin with a colon are comments. */
function eventIn(block: string): ServerEvent {
  const lines = block.split('\n').filter((line) => !line.startsWith(':'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
}

/** Pieces of a body, cut at a separator. */
async function* partsOf(body: AsyncIterable<Uint8Array>, separator: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let unread = '';
  for await (const bytes of body) {
    const parts = (unread + decoder.decode(bytes, { stream: true })).split(separator);
    unread = parts.pop() ?? '';
    yield* parts;
  }
  if (unread !== '') throw new Error(`the stream ends within a part: ${unread}`);
}

/** A stream that can be read part by part and be closed. */
async function open<Part>(
  url: string,
  headers: Record<string, string>,
  read: (response: Response) => AsyncGenerator<Part>,
) {
  const closing = new AbortController();
  const response = await fetch(url, { headers, signal: closing.signal });
  if (response.status !== 200) {
    const { code } = (await response.json()) as { code: string };
    throw new Error(`${response.status} ${code}`);
  }
  const parts = read(response);
  return {
    headers: response.headers,
    close: () => closing.abort(),
    /** The next part; undefined at the end of the stream. @throws Error where it is cut off */
    next: async (): Promise<Part | undefined> => {
      const { value, done } = await parts.next();
      return done ? undefined : value;
    },
  };
}

const bodyOf = ({ body }: Response) => body as unknown as AsyncIterable<Uint8Array>;

/** Opens an NDJSON stream. @throws Error with status and code where it is refused */
export const openLines = (url: string, headers: Record<string, string>) =>
  open(url, { ...headers, accept: 'application/x-ndjson' }, (response) => partsOf(bodyOf(response), '\n'));

/**
 * Opens an event stream as EventSource does: with the id that it had last, which blocks without data set too.
 *
 * @throws Error with status and code where it is refused
 */
export async function openEvents(url: string, headers: Record<string, string>, lastId?: string) {
  const resumed: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
  const stream = await open(url, { ...headers, ...resumed, accept: 'text/event-stream' }, (response) =>
    partsOf(bodyOf(response), '\n\n'),
  );
  const seen = { id: lastId, retry: '' };
  return {
    ...stream,
    seen,
    /** The next event with data; undefined at the end of the stream. */
    next: async (): Promise<ServerEvent | undefined> => {
      for (;;) {
        const block = await stream.next();
        if (block === undefined) return undefined;
        const event = eventIn(block);
        Object.assign(seen, event.id !== undefined && { id: event.id }, event.retry && { retry: event.retry });
        if (event.data !== undefined) return event;
      }
    },
  };
}
