import { randomKey } from '../client/src/index.ts';
import { frontrow } from './frontrow.ts';
import { refusalText } from './refusal-text.ts';
import { isRefused } from './refused.ts';
import { type Session, storedSession } from './stored-values.ts';
import { texts } from './texts/texts.ts';

/** Logs in, for all tabs. Returns why it failed; undefined after a success. */
export async function logIn(email: string, password: string): Promise<string | undefined> {
  try {
    const sent = { key: randomKey(), body: { email, password } };
    storedSession().write((await frontrow.attempt<Session>('POST', '/api/users/login', sent)).body);
    return undefined;
  } catch (fault) {
    if (!isRefused(fault)) return texts.purchase.connectionLost;
    if (fault.code === 'ROUTE_UNKNOWN') return texts.purchase.noLogIn;
    return fault.code === 'UNAUTHENTICATED' ? texts.purchase.wrongPassword : refusalText(fault.problem);
  }
}
