import { type ClientMessage, clientMessage, errorMessage } from '../../shared/contract/messages.ts';
import { jsonOf } from '../http/body.ts';
import type { ApiError } from '../http/errors.ts';
import { parse } from '../http/validation.ts';
import { watchSeats } from './seat-watches.ts';
import { costOfMessage, REFUSAL_COST } from './socket-budget.ts';
import type { Session } from './socket-session.ts';
import { authenticate, watchOverview } from './socket-tokens.ts';
import { openTicketSession, subscribeToTicket } from './ticket-subscriptions.ts';

/** The handler of each message. It reports to the client itself why a message is refused. */
const handlers: {
  [Type in ClientMessage['type']]: (
    session: Session,
    message: Extract<ClientMessage, { type: Type }>,
  ) => void | Promise<void>;
} = {
  session: (session) => openTicketSession(session),
  subscribe: (session, { ticketId }) => subscribeToTicket(session, ticketId),
  watch: (session, { eventId }) => watchSeats(session, eventId),
  authenticate: (session, { token }) => authenticate(session, token),
  operate: (session, { token }) => watchOverview(session, token),
};

const WHAT_TO_SEND =
  'Send {"type":"session"}, {"type":"subscribe","ticketId":...}, {"type":"watch","eventId":...}, ' +
  '{"type":"authenticate","token":...} or {"type":"operate","token":...} as text.';

/** Charges for a message, parses it and passes it to its handler. */
export function receive(session: Session, data: Buffer, isBinary: boolean): void {
  const { budget, sender, state } = session;
  budget.charge(costOfMessage(data.length));
  if (state === 'CLOSING' || state === 'CLOSED') return;
  const message = isBinary ? WHAT_TO_SEND : parseMessage(String(data));
  if (typeof message === 'string') {
    budget.charge(REFUSAL_COST);
    sender.send(errorMessage('INVALID_REQUEST', message));
    return;
  }
  const handle = handlers[message.type] as (session: Session, message: ClientMessage) => void | Promise<void>;
  void handle(session, message);
}

/** A client's message, or the problem with it. */
function parseMessage(text: string): ClientMessage | string {
  try {
    return parse(clientMessage, jsonOf(text));
  } catch (fault) {
    return `${(fault as ApiError).message.replace(/\.$/, '')}. ${WHAT_TO_SEND}`;
  }
}
