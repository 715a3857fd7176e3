import type { ServerMessage, TicketView } from './contract.ts';
import { followPage, page } from './page.ts';
import { createSocket, type Socket } from './socket.ts';
import type { Transport } from './transport.ts';

const RECONNECT = { firstMs: 1_000, maxMs: 30_000 };

/** Milliseconds in which the server must answer, and after which a silent connection is checked. */
const ANSWER_MS = 5_000;
const CHECK_MS = 30_000;

/** Milliseconds for which a connection that nobody uses stays open: the next ticket may come at once. */
const IDLE_MS = 1_000;

export type SeatsMessage = Extract<ServerMessage, { type: 'seats' }>;

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Takes what the server sends of one event. */
export type EventWatcher = {
  /** The server publishes changes from this version on. It says so again at each check of the connection. */
  watching: (version: number) => void;
  seats: (message: SeatsMessage) => void;
  /** Changes were missed: a map of at least this version is needed. */
  reload: (version: number) => void;
  /** The connection failed, and is retried. */
  failed: () => void;
  /** The client is closed: nothing more comes. */
  closed: () => void;
};

type Context = {
  readonly socket: Socket;
  readonly token: () => string | undefined;
  readonly tickets: Followers<string, (view: TicketView) => void>;
  readonly events: Followers<number, EventWatcher>;
  checkTimer: Timer;
  idleTimer: Timer;
  isClosed: boolean;
};

/**
 * The WebSocket that all tickets and seats of a client share. It opens with the first of them, and closes a moment
 * after the last. Where there is no WebSocket, followers get nothing: they poll.
 */
export function createConnection({ baseUrl, token }: Pick<Transport, 'baseUrl' | 'token'>) {
  const context: Context = {
    socket: createSocket({
      baseUrl,
      backoff: RECONNECT,
      answerMs: ANSWER_MS,
      onOpen: () => start(context),
      onMessage: (message) => receive(context, message),
      onFailure: () => context.events.each((watcher) => watcher.failed()),
    }),
    token,
    tickets: createFollowers(),
    events: createFollowers(),
    checkTimer: undefined,
    idleTimer: undefined,
    isClosed: false,
  };
  const { socket, tickets, events } = context;
  const unfollowPage = followPage(() => wake(context));
  const cut = () => isUsed(context) && socket.fail(); // it would notice within a minute that the network is lost
  page?.addEventListener('offline', cut);

  return {
    isOpen: socket.isOpen,
    /** Sends the present token: without one, the server refuses the tickets of users. */
    authenticate: () => authenticate(context),
    /** Calls `take` with the state of a ticket now, and with its outcome. @returns a function that ends it */
    followTicket: (ticketId: string, take: (view: TicketView) => void) =>
      follow(context, () => {
        socket.send({ type: 'subscribe', ticketId });
        return tickets.add(ticketId, take);
      }),
    /** Watches the seats of an event. @returns a function that ends it */
    watchEvent: (eventId: number, watcher: EventWatcher) =>
      follow(context, () => {
        const unwatch = events.add(eventId, watcher);
        check(context);
        return unwatch;
      }),
    close(): void {
      context.isClosed = true;
      unfollowPage();
      page?.removeEventListener('offline', cut);
      close(context);
      events.each((watcher) => watcher.closed());
    },
  };
}

export type Connection = ReturnType<typeof createConnection>;

const isUsed = ({ tickets, events }: Context): boolean => tickets.size() + events.size() > 0;

function start(context: Context): void {
  authenticate(context);
  check(context);
  subscribe(context);
  context.socket.expectAnswer(ANSWER_MS);
}

function authenticate({ socket, token }: Context): void {
  const present = token();
  if (present !== undefined) socket.send({ type: 'authenticate', token: present });
}

function subscribe({ socket, tickets }: Context): void {
  for (const ticketId of tickets.ids()) socket.send({ type: 'subscribe', ticketId });
}

/** Watches all events: the first time, and then to see that the connection lives. */
function check(context: Context): void {
  const { socket, events } = context;
  clearTimeout(context.checkTimer);
  for (const eventId of events.ids()) socket.send({ type: 'watch', eventId });
  if (events.size() > 0) socket.expectAnswer(ANSWER_MS);
}

function receive(context: Context, message: ServerMessage): void {
  const { socket, tickets, events } = context;
  // Where seats are followed, the connection has no use without them: while they are refused, its pauses grow.
  if (message.type === 'watching' || events.size() === 0) socket.answered();
  else if (message.type === 'error' && message.eventId !== undefined) socket.fail();
  switch (message.type) {
    case 'ticket':
      tickets.of(message.ticketId, (take) => take(message));
      break;
    case 'authenticated':
      subscribe(context); // the subscriptions before were those of a client without a user
      break;
    case 'watching':
      clearTimeout(context.checkTimer);
      context.checkTimer = setTimeout(() => check(context), CHECK_MS);
      events.of(message.eventId, (watcher) => watcher.watching(message.version));
      break;
    case 'seats':
      events.of(message.eventId, (watcher) => watcher.seats(message));
      break;
    case 'reload':
      events.of(message.eventId, (watcher) => watcher.reload(message.version));
      break;
    default: // a ticket whose subscription is refused is read anyway
  }
}

/** The page is visible or online again: check the connection, or connect without waiting for the backoff. */
function wake(context: Context): void {
  if (!isUsed(context)) return;
  if (context.socket.isOpen()) check(context);
  else context.socket.connect();
}

/** Follows over an open socket, and ends it a moment after the last follower. */
function follow(context: Context, add: () => () => void): () => void {
  clearTimeout(context.idleTimer);
  const remove = add();
  if (!context.isClosed) context.socket.connect();
  return () => {
    remove();
    clearTimeout(context.idleTimer);
    if (!isUsed(context)) context.idleTimer = setTimeout(() => close(context), IDLE_MS);
  };
}

function close(context: Context): void {
  clearTimeout(context.checkTimer);
  clearTimeout(context.idleTimer);
  context.socket.close();
}

type Followers<Id, Follower> = ReturnType<typeof createFollowers<Id, Follower>>;

/** Several followers of one subject each. */
function createFollowers<Id, Follower>() {
  const all = new Map<Id, Set<Follower>>();
  return {
    size: () => all.size,
    ids: () => all.keys(),
    /** Calls a function with each follower of a subject. */
    of(id: Id, call: (follower: Follower) => void): void {
      for (const follower of all.get(id) ?? []) call(follower);
    },
    each(call: (follower: Follower) => void): void {
      for (const followers of all.values()) for (const follower of followers) call(follower);
    },
    /** @returns a function that removes it */
    add(id: Id, follower: Follower): () => void {
      const followers = all.get(id) ?? new Set();
      all.set(id, followers.add(follower));
      return () => {
        followers.delete(follower);
        if (followers.size === 0 && all.get(id) === followers) all.delete(id);
      };
    },
  };
}
