import type { FollowOptions } from '../tickets.ts';
import type { Answer, Transport } from '../transport.ts';

/** A path with the parameters that have a value. */
export function withQuery(path: string, parameters: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? path : `${path}?${query}`;
}

type Page<Entry> = Record<string, Entry[] | string>;

/**
 * All entries of a list, page by page: the next page is requested once the entries of the last one were taken.
 *
 * @param name the field of a page that has its entries
 * @throws FrontrowError where a page is refused; the reason of the signal once it is aborted
 */
export async function* listOf<Entry>(
  transport: Pick<Transport, 'request'>,
  path: string,
  name: string,
  filter: object,
  following?: FollowOptions,
): AsyncGenerator<Entry, void, void> {
  let next: string | undefined = withQuery(path, filter);
  while (next !== undefined) {
    const { body }: Answer<Page<Entry>> = await transport.request('GET', next, following);
    yield* body[name] as Entry[];
    next = body.next as string | undefined;
  }
}
