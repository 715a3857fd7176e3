import type { EventView, SeatMap } from '../../shared/contract/events.ts';
import type { PlanView } from '../../shared/contract/houses.ts';
import type { ServerMessage } from '../../shared/contract/messages.ts';
import type { TicketView } from '../../shared/contract/tickets.ts';
import { backoffMs } from '../backoff.ts';
import { getPublic } from '../requests.ts';
import { createSocket, type Socket } from '../socket.ts';
import { storedSession } from '../stored-values.ts';
import { fits, type House } from './house.ts';
import { createSeatMap } from './seat-map.ts';

const RECONNECT = { firstMs: 1_000, maxMs: 30_000 };

/** Milliseconds between two polls of the map while there is no WebSocket, and the backoff while polls fail. */
const POLL_MS = 2_000;
const POLL_BACKOFF = { firstMs: POLL_MS, maxMs: 30_000 };

/** Milliseconds in which a `watch` must be answered, and after which a silent connection is checked by another. */
const ANSWER_MS = 5_000;
const CHECK_MS = 30_000;

/** Milliseconds over which the clients that must reload the map spread their requests. */
const RELOAD_SPREAD_MS = 300;

/**
 * How the house stays up to date:
 *
 * - `connecting`: neither the WebSocket nor a poll has answered, or none has since the WebSocket failed. Polls begin.
 * - `live`: the server publishes changes over the WebSocket, and the map is loaded. The socket fails → `connecting`.
 *   The browser is offline → `lost`.
 * - `polling`: there is no WebSocket, and the last poll succeeded. The socket is back, and the map loaded → `live`.
 * - `lost`: the last load of the map failed: the page shows an old state. A load succeeds → `live` or `polling`.
 */
export type Connection = 'connecting' | 'live' | 'polling' | 'lost';

type Listener = {
  connection: (state: Connection) => void;
  ticket: (view: TicketView) => void;
  /** The server's house has other zones or rows: its event has to be read again. */
  houseChanged: () => void;
};

type Timer = ReturnType<typeof setTimeout>;

type Feed = {
  readonly eventId: number;
  readonly socket: Socket;
  readonly seatMap: ReturnType<typeof createSeatMap>;
  readonly listener: Listener;
  readonly subscribedTicketIds: Set<string>;
  /** The server has confirmed that it publishes changes over the current connection. */
  isWatching: boolean;
  isStopped: boolean;
  pollTimer?: Timer;
  checkTimer?: Timer;
  reloadTimer?: Timer;
};

/** Keeps a house equal to the server's, and reports the states of subscribed tickets. */
export function createLive(event: Pick<EventView, 'id'>, house: House, listener: Listener) {
  const feed: Feed = {
    eventId: event.id,
    socket: createSocket({
      backoff: RECONNECT,
      answerMs: ANSWER_MS,
      onOpen: () => startWatching(feed),
      onMessage: (message) => receive(feed, message),
      onFailure: () => startPolling(feed),
    }),
    seatMap: createSeatMap(house, () => fetchMap(event.id, house, listener.houseChanged)),
    listener,
    subscribedTicketIds: new Set(),
    isWatching: false,
    isStopped: false,
  };
  const wake = () => checkConnection(feed);
  const cut = () => goOffline(feed);
  addEventListener('online', wake);
  addEventListener('offline', cut);
  document.addEventListener('visibilitychange', wake);
  void feed.seatMap.load(0); // beside the connection: the page's head has requested the map already
  feed.pollTimer = setTimeout(() => void poll(feed), POLL_MS);
  feed.socket.connect();

  return {
    isOpen: feed.socket.isOpen,
    /** Sends the token of a user who has just logged in. */
    authenticate: () => authenticate(feed),
    /** Subscribes to a ticket: its state now, and its outcome. */
    follow(ticketId: string): void {
      feed.subscribedTicketIds.add(ticketId);
      feed.socket.send({ type: 'subscribe', ticketId });
    },
    stop(): void {
      feed.isStopped = true;
      for (const timer of [feed.pollTimer, feed.checkTimer, feed.reloadTimer]) clearTimeout(timer);
      removeEventListener('online', wake);
      removeEventListener('offline', cut);
      document.removeEventListener('visibilitychange', wake);
      feed.socket.close();
    },
  };
}

export type Live = ReturnType<typeof createLive>;

/**
 * Fetches the map, and the rows of zones whose rows differ once beside it: no map can be read without. Both are public,
 * and requested as the page's head requests them beside the script (`api/pages`): the browser then sends one request.
 */
async function fetchMap(eventId: number, house: House, houseChanged: () => void): Promise<SeatMap> {
  const map = getPublic<SeatMap>(`/api/seats/map?eventId=${eventId}`);
  const plan = house.isPlanMissing() ? getPublic<PlanView>(`/api/events/${eventId}/plan`) : undefined;
  const [loaded, rows] = await Promise.all([map, plan]);
  if (!fits(house, loaded)) {
    houseChanged();
    throw new Error('the map is of another house');
  }
  if (rows !== undefined) house.addPlan(rows);
  return loaded;
}

function startWatching(feed: Feed): void {
  authenticate(feed);
  watch(feed);
  subscribeToTickets(feed);
}

function authenticate({ socket }: Feed): void {
  const token = storedSession().read()?.token;
  if (token !== undefined) socket.send({ type: 'authenticate', token });
}

/** Requests changes. A repeated `watch` checks that the server still answers. */
function watch({ socket, eventId }: Feed): void {
  socket.send({ type: 'watch', eventId });
  socket.expectAnswer(ANSWER_MS);
}

function subscribeToTickets({ socket, subscribedTicketIds }: Feed): void {
  for (const ticketId of subscribedTicketIds) socket.send({ type: 'subscribe', ticketId });
}

/** The page is visible or online again: check the connection, or connect without waiting for the backoff. */
function checkConnection(feed: Feed): void {
  if (document.hidden) return;
  if (feed.socket.isOpen()) watch(feed);
  else feed.socket.connect();
}

function receive(feed: Feed, message: ServerMessage) {
  switch (message.type) {
    case 'watching':
      return confirmWatching(feed, message.version);
    case 'reload':
      return reloadSoon(feed, message.version);
    case 'seats':
      return feed.seatMap.receive(message);
    case 'ticket':
      if (message.status !== 'queued') feed.subscribedTicketIds.delete(message.ticketId);
      return feed.listener.ticket(message);
    case 'authenticated':
      return subscribeToTickets(feed); // the server refused the subscriptions of a client without a user
    case 'error':
      if (message.eventId === feed.eventId) feed.socket.fail();
      return;
    default:
      return;
  }
}

function confirmWatching(feed: Feed, serverVersion: number): void {
  feed.socket.answered();
  feed.isWatching = true;
  clearTimeout(feed.pollTimer);
  clearTimeout(feed.checkTimer);
  feed.checkTimer = setTimeout(() => watch(feed), CHECK_MS);
  if (feed.seatMap.isBehind(serverVersion)) void catchUp(feed, serverVersion);
  else feed.listener.connection('live');
}

function reloadSoon(feed: Feed, serverVersion: number): void {
  feed.seatMap.markStale(serverVersion);
  clearTimeout(feed.reloadTimer);
  feed.reloadTimer = setTimeout(() => void catchUp(feed, serverVersion), Math.random() * RELOAD_SPREAD_MS);
}

/** Loads the map until it succeeds; then the house is live. */
async function catchUp(feed: Feed, atLeast: number): Promise<void> {
  const isLoaded = await feed.seatMap.load(atLeast);
  if (feed.isStopped || !feed.isWatching) return;
  feed.listener.connection(isLoaded ? 'live' : 'lost');
  clearTimeout(feed.reloadTimer);
  if (!isLoaded) feed.reloadTimer = setTimeout(() => void catchUp(feed, 0), nextPollMs(feed));
}

/** The browser has lost its network: the socket would notice within a minute. */
function goOffline(feed: Feed): void {
  feed.socket.fail();
  feed.listener.connection('lost');
}

/** The socket failed: polls replace it until it is back. */
function startPolling(feed: Feed): void {
  clearTimeout(feed.checkTimer);
  const { isWatching } = feed;
  feed.isWatching = false;
  if (isWatching) {
    feed.listener.connection('connecting');
    // A server that stops loses thousands of pages at once: their polls spread.
    feed.pollTimer = setTimeout(() => void poll(feed), Math.random() * POLL_MS);
  } else if (!feed.seatMap.hasMap()) void poll(feed);
}

async function poll(feed: Feed): Promise<void> {
  clearTimeout(feed.pollTimer);
  const isLoaded = await feed.seatMap.load(0);
  if (feed.isWatching || feed.isStopped) return;
  feed.listener.connection(isLoaded ? 'polling' : 'lost');
  clearTimeout(feed.pollTimer);
  feed.pollTimer = setTimeout(() => void poll(feed), nextPollMs(feed));
}

const nextPollMs = ({ seatMap }: Feed): number =>
  seatMap.failedLoads() === 0 ? POLL_MS : backoffMs(seatMap.failedLoads(), POLL_BACKOFF);
