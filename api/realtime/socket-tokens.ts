import { isNamedBuyer } from '../../shared/contract/ids.ts';
import { errorMessage } from '../../shared/contract/messages.ts';
import { ApiError } from '../http/errors.ts';
import { POLICY_VIOLATION } from './socket-sender.ts';
import { closeSession, noteFollowing, noteUnfollowed, readCharged, refuse, type Session } from './socket-session.ts';

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
    sender.send({ type: 'authenticated', ...(!isNamedBuyer(userId) && { userId }) });
  } catch (fault) {
    refuseToken(session, fault);
  } finally {
    session.isCheckingToken = false;
  }
}

/** Sends an operator the overview each second, for as long as the operator may have it. */
export async function watchOverview(session: Session, token: string | undefined): Promise<void> {
  const { services, sender, req } = session;
  if (session.unwatchOverview !== undefined) return;
  if (session.isCheckingToken) return sender.send(errorMessage('RATE_LIMITED', 'One token at a time.'));
  session.isCheckingToken = true;
  let mayOperate: () => boolean;
  try {
    mayOperate = await services.operatorOfSocket(req, token);
  } catch (fault) {
    refuseToken(session, fault);
    return;
  } finally {
    session.isCheckingToken = false;
  }
  if (session.state === 'CLOSING' || session.state === 'CLOSED') return;
  try {
    session.unwatchOverview = services.overview.watch((overview) =>
      mayOperate() ? sender.sendOverview(overview) : endOverview(session),
    );
    noteFollowing(session);
  } catch (fault) {
    refuse(session, fault);
  }
}

/** Ends the overview of an operator whose key is not valid any more. */
function endOverview(session: Session): void {
  session.unwatchOverview?.();
  session.unwatchOverview = undefined;
  refuse(session, new ApiError('FORBIDDEN', 'The key is not valid any more.'));
  noteUnfollowed(session);
}

function refuseToken(session: Session, fault: unknown): void {
  refuse(session, fault);
  session.invalidTokens += 1;
  if (session.invalidTokens >= MAX_INVALID_TOKENS) closeSession(session, POLICY_VIOLATION, 'too many invalid tokens');
}
