import { z } from 'zod';
import { entryView } from '../../../shared/contract/gate.ts';
import { joinAnswer, VISITOR_TOKEN_HEADER, visitorView } from '../../../shared/contract/waiting-room.ts';
import { siteCookie } from '../../../shared/domain/site-entry.ts';
import { headerIn } from '../../kit/connection.ts';
import { openPool, type Pool } from '../../kit/connection-pool.ts';
import { KIND_HEADER, SITE_TEXT } from './site-report.ts';

/** Connections that are kept open. Visitors who join do not delay those whose turn has come. */
const CONNECTIONS = { site: 64, other: 4, joining: 32, asking: 48 };

const refused = z.object({ code: z.string() });

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

/** A request to a site. `kind`: a visitor's, or a cheat. `isPage`: a browser loads a page, and no script asks. */
export type SiteRequest = {
  kind: string;
  path?: string;
  cookie?: string | undefined;
  at?: 'site' | 'other';
  method?: Method;
  isPage?: boolean;
  headers?: Record<string, string>;
};

/** An answer of a site. `isIn`: the page. `stored`: the admission that the browser stores. */
export type SiteAnswer = { status: number; isIn: boolean; location: string; stored: string | undefined };

export type Urls = { site: string; other: string; room: string };

const cookieIn = (head: string, name: string): string | undefined =>
  new RegExp(`^${name}=([^;]*)`).exec(headerIn(head, 'set-cookie') ?? '')?.[1];

/** The requests of visitors, over few connections however many visitors there are. */
export function openDesk(urls: Urls, event: number) {
  const pools = {
    site: openPool(urls.site, CONNECTIONS.site),
    other: openPool(urls.other, CONNECTIONS.other),
    joining: openPool(urls.room, CONNECTIONS.joining),
    asking: openPool(urls.room, CONNECTIONS.asking),
  };

  type Sent = { method?: Method; of?: number; token?: string; body?: string };

  /** Sends a request to the waiting room. */
  const ask = (pool: Pool, path: string, { method = 'POST', of = event, token, body }: Sent) => {
    const headers: Record<string, string> = token === undefined ? {} : { [VISITOR_TOKEN_HEADER]: token };
    return pool.use(async (connection) => {
      const answer = await connection.send(method, `/api/events/${of}/waiting-room${path}`, { headers, body });
      const parsed: unknown = JSON.parse(answer.text);
      if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
      return { status: answer.status, body: parsed };
    });
  };

  return {
    urls,

    /** Requests a page of a site, and follows no redirect. */
    load({ kind, path = '/sale', cookie, at = 'site', method = 'GET', isPage = true, headers = {} }: SiteRequest) {
      const all: Record<string, string> = {
        [KIND_HEADER]: kind,
        accept: isPage ? 'text/html' : '*/*',
        'sec-fetch-mode': isPage ? 'navigate' : 'cors',
        ...headers,
      };
      if (cookie !== undefined) all.cookie = `theme=dark; ${siteCookie(event, urls[at])}=${cookie}`;
      return pools[at].use(async (connection): Promise<SiteAnswer> => {
        const { status, head, text } = await connection.send(method, path, { headers: all });
        const stored = cookieIn(head, siteCookie(event, urls[at]));
        return { status, isIn: text === SITE_TEXT, location: headerIn(head, 'location') ?? '', stored };
      });
    },

    join: async (of = event) => joinAnswer.parse((await ask(pools.joining, '', { of })).body),

    poll: async (token: string, of = event) =>
      visitorView.parse((await ask(pools.asking, '', { method: 'GET', of, token })).body),

    leave: (token: string) => ask(pools.asking, '', { method: 'DELETE', token }),

    /** Requests an entry to an address. Returns the address to go to, or the code of the refusal. */
    async entry(token: string, returnTo: string, of = event): Promise<{ url?: string; code?: string }> {
      const { status, body } = await ask(pools.asking, '/entry', { of, token, body: JSON.stringify({ returnTo }) });
      return status === 200 ? { url: entryView.parse(body).url } : { code: refused.parse(body).code };
    },

    close(): void {
      for (const pool of Object.values(pools)) pool.close();
    },
  };
}

export type Desk = ReturnType<typeof openDesk>;
