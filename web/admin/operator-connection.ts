import type { ServerMessage } from '../../shared/contract/messages.ts';
import type { Overview } from '../../shared/contract/overview.ts';
import type { TrailEntry, TrailPage } from '../../shared/contract/trail.ts';
import type { WebhookView } from '../../shared/contract/webhooks.ts';
import { type Method, request } from '../requests.ts';
import { type ClientMessage, createSocket, type Socket } from '../socket.ts';
import { storedAdminToken } from '../stored-values.ts';
import { type Point, withOverview } from './history.ts';

/**
 * The phases of the operator's page, and the transitions between them:
 *
 * - `connecting`: the server has not answered yet. An overview → `live`. A refusal → `token` or `closed`.
 * - `token`: the admin token is missing or wrong. The operator enters one → `connecting`.
 * - `closed`: the server refuses every token, or has too many connections; the latter is retried. An overview → `live`.
 * - `live`: an overview comes each second. `isLost`: the connection failed and is retried, and the overview is old.
 */
export type OperatorState = {
  /** Five minutes of overviews, the oldest first. */
  history: Point[];
  /** The last acts of operators, the newest first; undefined until they are read. */
  acts?: TrailEntry[] | undefined;
  /** The webhooks; undefined until they are read. */
  webhooks?: WebhookView[] | undefined;
  /** Why the last command was not done. */
  failure?: string | undefined;
} & (
  | { phase: 'connecting' }
  | { phase: 'token'; refusal?: string }
  | { phase: 'closed'; refusal: string }
  | { phase: 'live'; overview: Overview; isLost: boolean }
);

type Phase<State = OperatorState> = State extends OperatorState
  ? Omit<State, 'history' | 'acts' | 'webhooks' | 'failure'>
  : never;

/** Acts that are shown, and milliseconds between two reads of acts and webhooks: another operator may add some. */
const ACTS = 20;
const TABLES_INTERVAL_MS = 10_000;

const RECONNECT = { firstMs: 500, maxMs: 10_000 };

/** Milliseconds without an overview after which a connection counts as dead: one comes each second. */
const SILENCE_MS = 5_000;

/** Milliseconds until the next attempt where the server has too many connections: another operator may leave. */
const OVERLOAD_PAUSE_MS = 10_000;

type Context = {
  readonly socket: Socket;
  readonly show: (state: OperatorState) => void;
  state: OperatorState;
  /** The token that the current connection has sent. */
  sentToken: string | undefined;
  overloadTimer?: ReturnType<typeof setTimeout>;
  tablesReadAtMs: number;
};

/**
 * The connection of an operator: overviews come over the WebSocket, commands go over HTTP.
 *
 * @param show is called with each change
 */
export function createOperatorConnection(show: (state: OperatorState) => void) {
  const context: Context = {
    socket: createSocket({
      backoff: RECONNECT,
      answerMs: SILENCE_MS,
      onOpen: () => requestOverviews(context),
      onMessage: (message) => receive(context, message),
      onFailure: () => {
        if (context.state.phase === 'live') update(context, { ...context.state, isLost: true });
      },
    }),
    show,
    state: { phase: 'connecting', history: [] },
    sentToken: undefined,
    tablesReadAtMs: Number.NEGATIVE_INFINITY,
  };
  context.socket.connect();

  return {
    /** Connects with this admin token. */
    enter(token: string): void {
      disconnect(context);
      storedAdminToken().write(token);
      changePhase(context, { phase: 'connecting' });
      context.socket.connect();
    },
    command: (method: Method, path: string, body: object) => sendCommand(context, method, path, body),
    openQueueDashboard: () => openQueueDashboard(context),
    stop: () => disconnect(context),
  };
}

export type OperatorConnection = ReturnType<typeof createOperatorConnection>;

function update(context: Context, state: OperatorState): void {
  context.state = state;
  context.show(state);
}

/** Enters a phase. The history and the tables stay. */
function changePhase(context: Context, phase: Phase): void {
  const { history, acts, webhooks, failure } = context.state;
  update(context, { ...phase, history, acts, webhooks, failure });
}

function disconnect({ socket, overloadTimer }: Context): void {
  clearTimeout(overloadTimer);
  socket.close();
}

function requestOverviews(context: Context): void {
  const token = storedAdminToken().read();
  const message: ClientMessage = { type: 'operate' };
  if (token !== undefined) message.token = token;
  context.sentToken = token;
  context.socket.send(message);
}

function receive(context: Context, message: ServerMessage): void {
  if (message.type === 'overview') takeOverview(context, message);
  else if (message.type === 'error') takeRefusal(context, message);
}

function takeOverview(context: Context, overview: Overview): void {
  const { socket, state, tablesReadAtMs } = context;
  socket.answered();
  socket.expectAnswer(SILENCE_MS);
  if (performance.now() - tablesReadAtMs > TABLES_INTERVAL_MS) void readTables(context);
  const history = withOverview(state.history, overview);
  const { acts, webhooks, failure } = state;
  update(context, { phase: 'live', overview, isLost: false, history, acts, webhooks, failure });
}

function takeRefusal(context: Context, { code, error }: { code: string; error: string }): void {
  disconnect(context);
  if (code === 'OVERLOADED') {
    changePhase(context, { phase: 'closed', refusal: error });
    context.overloadTimer = setTimeout(() => context.socket.connect(), OVERLOAD_PAUSE_MS);
    return;
  }
  storedAdminToken().remove();
  if (code === 'UNAUTHENTICATED') changePhase(context, { phase: 'token' });
  else if (code === 'FORBIDDEN' && context.sentToken !== undefined)
    changePhase(context, { phase: 'token', refusal: 'This is not the admin token.' });
  else changePhase(context, { phase: 'closed', refusal: error });
}

/** Throws as `request` does. */
async function send<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  const options = { method, body, bearer: storedAdminToken().read(), cache: 'no-store' } as const;
  return (await request<Answer>(path, options)).answer;
}

/** Sends a command and shows its refusal. The next overview shows its effect. @returns the answer, if it was done */
async function sendCommand(context: Context, method: Method, path: string, body: object): Promise<unknown> {
  try {
    const answer = await send(method, path, body);
    update(context, { ...context.state, failure: undefined });
    void readTables(context);
    return answer;
  } catch (fault) {
    update(context, { ...context.state, failure: (fault as Error).message });
    return undefined;
  }
}

/** Opens Bull Board, with a session for it. */
async function openQueueDashboard(context: Context): Promise<void> {
  try {
    const { path } = await send<{ path: string }>('POST', '/admin/session', {});
    location.assign(path);
  } catch (fault) {
    update(context, { ...context.state, failure: (fault as Error).message });
  }
}

/** Reads the acts and the webhooks. */
async function readTables(context: Context): Promise<void> {
  context.tablesReadAtMs = performance.now();
  try {
    const { entries: acts } = await send<TrailPage>('GET', `/admin/trail?limit=${ACTS}`);
    const { webhooks } = await send<{ webhooks: WebhookView[] }>('GET', '/admin/webhooks');
    update(context, { ...context.state, acts, webhooks });
  } catch {
    // PostgreSQL is unavailable, which the overview shows: the tables on the page stay.
  }
}
