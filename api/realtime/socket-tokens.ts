import { errorMessage } from '../../shared/contract/messages.ts';
import { POLICY_VIOLATION } from './socket-sender.ts';
import { closeSession, noteFollowing, readCharged, refuse, type Session } from './socket-session.ts';

/** Invalid tokens after which a socket is closed. One token is checked at a time. */
const MAX_INVALID_TOKENS = 5;

/** Authenticates the user of a socket: from then on it may read that user's tickets. */
export async function authenticate(session: Session, token: string): Promise<void> {
  const { services, sender } = session;
  if (session.isCheckingToken) return sender.send(errorMessage('RATE_LIMITED', 'One token at a time.'));
  session.isCheckingToken = true;
  try {
    const userId = await readCharged(session, () => services.identity.userOfToken(token));
    if (session.reader.scope === 'user') session.reader = { scope: 'user', userId };
    sender.send({ type: 'authenticated', userId });
  } catch (fault) {
    refuseToken(session, fault);
  } finally {
    session.isCheckingToken = false;
  }
}

/** Sends an operator the overview each second. */
export function watchOverview(session: Session, token: string | undefined): void {
  const { services, sender, req } = session;
  if (session.unwatchOverview !== undefined) return;
  try {
    services.requireOperator(req, token);
  } catch (fault) {
    refuseToken(session, fault);
    return;
  }
  try {
    session.unwatchOverview = services.overview.watch(sender.sendOverview);
    noteFollowing(session);
  } catch (fault) {
    refuse(session, fault);
  }
}

function refuseToken(session: Session, fault: unknown): void {
  refuse(session, fault);
  session.invalidTokens += 1;
  if (session.invalidTokens >= MAX_INVALID_TOKENS) closeSession(session, POLICY_VIOLATION, 'too many invalid tokens');
}
