import { send } from './client.ts';
import { visitorAt } from './visitors.ts';

/** A visitor whose turn has come, and how to get entries to a site. */
export async function calledVisitor(url: string, event: number) {
  const visitor = visitorAt(url, event);
  await visitor.join();
  await visitor.until('your_turn');
  return {
    leave: visitor.leave,
    /** An address of a site with an entry. */
    async entryTo(returnTo: string): Promise<string> {
      const path = `/api/events/${event}/waiting-room/entry`;
      const { body } = await send(url, 'POST', path, { returnTo }, { 'x-visitor-token': visitor.token });
      if (typeof body.url !== 'string') throw new Error(`no entry: ${JSON.stringify(body)}`);
      return body.url;
    },
  };
}

/** The value of the first cookie that an answer sets; empty where it sets none. */
export const storedCookie = (setCookie: string | null | undefined): string =>
  /=([^;]*)/.exec(setCookie ?? '')?.[1] ?? '';

/** An admission with other claims and the same signature. */
export function changedToken(token: string, change: object): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...change };
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
}
