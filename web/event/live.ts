import type { z } from 'zod';
import type { EventView, SeatMap } from '../../shared/contract/events.ts';
import type { serverMessage } from '../../shared/contract/messages.ts';
import type { TicketView } from '../../shared/contract/tickets.ts';
import { keptSession } from '../kept.ts';
import { get } from '../requests.ts';
import type { House } from './house.ts';

type Message = z.infer<typeof serverMessage>;

/** Milliseconds between two looks where no socket is to be had, and between two tries to open one: doubled each time. */
const POLL_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Milliseconds in which a socket answers, or counts as dead, and after which a silent one is asked whether it lives. */
const ANSWER_MS = 5_000;
const SILENCE_MS = 30_000;

/** Milliseconds within which all who were told to load the map again do so: not all at once. */
const RELOAD_SPREAD_MS = 300;

/** Changes that may wait for a map; beyond that the map is loaded once more. */
const MAX_EARLY = 2_000;

/** Loads of the map in a row, where the answer is older than what was told. */
const MAX_LOADS = 5;

/** `lost`: neither told nor answered. What is drawn is of a while ago. */
export type Connection = 'connecting' | 'live' | 'polling' | 'lost';

/**
 * Keeps a house as the server has it, and tells outcomes of tickets: over one WebSocket, and by looking every two seconds
 * while none is to be had.
 */
export function createLive(
  event: EventView,
  house: House,
  tell: { connection: (state: Connection) => void; ticket: (view: TicketView) => void },
) {
  const subscribed = new Set<string>();
  let socket: WebSocket | undefined;
  let isWatching = false;
  let stopped = false;
  let failures = 0;
  let misses = 0;
  let poll: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let reload: ReturnType<typeof setTimeout> | undefined;

  /** The version of the map that stands, the newest that was told, and messages that came while a map was on its way. */
  let version = -1;
  let told = -1;
  let early: Extract<Message, { type: 'seats' }>[] | undefined;
  let wanted = 0;
  let loading: Promise<boolean> | undefined;

  function connect() {
    clearTimeout(retry);
    if (stopped) return;
    watchdog = setTimeout(lose, ANSWER_MS);
    try {
      socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    } catch {
      return lose(); // a browser that is told to open none
    }
    socket.onopen = () => {
      authenticate();
      watch();
      for (const ticketId of subscribed) send({ type: 'subscribe', ticketId });
    };
    socket.onmessage = ({ data }) => take(JSON.parse(data) as Message);
    socket.onclose = lose;
  }

  /** Asks to be told changes, and so whether the other end is still there: a connection can die without a word. */
  function watch(): void {
    clearTimeout(watchdog);
    send({ type: 'watch', eventId: event.id });
    watchdog = setTimeout(lose, ANSWER_MS);
  }

  const isOpen = () => socket?.readyState === WebSocket.OPEN;

  function send(message: object): void {
    if (isOpen()) socket?.send(JSON.stringify(message));
  }

  function authenticate(): void {
    const token = keptSession().read()?.token;
    if (token !== undefined) send({ type: 'authenticate', token });
  }

  /** Gives a socket up, looks meanwhile, and tries to open another. */
  function lose(): void {
    clearTimeout(watchdog);
    if (socket !== undefined) {
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      socket = undefined;
    }
    if (stopped) return;
    const wasWatching = isWatching;
    isWatching = false;
    // A node that stops leaves thousands of pages at once.
    if (wasWatching) poll = setTimeout(look, Math.random() * POLL_MS);
    else if (version < 0) void look();
    clearTimeout(retry);
    retry = setTimeout(connect, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2));
    failures += 1;
  }

  async function look(): Promise<void> {
    clearTimeout(poll);
    const isLoaded = await loadMap(0);
    if (isWatching || stopped) return;
    tell.connection(isLoaded ? 'polling' : 'lost');
    clearTimeout(poll);
    poll = setTimeout(look, pauseMs());
  }

  /** Until the next look: longer and longer while none is answered. */
  const pauseMs = () =>
    misses === 0 ? POLL_MS : Math.min(LAST_RETRY_MS, POLL_MS * 2 ** misses) * (0.5 + Math.random() / 2);

  /** The page is looked at again, or the network is back: what stands may be old, and pauses need not be waited out. */
  function wake(): void {
    if (document.hidden) return;
    if (isOpen()) watch();
    else if (socket === undefined) connect();
  }

  function take(message: Message): void {
    if (message.type === 'watching') {
      failures = 0;
      isWatching = true;
      clearTimeout(poll);
      clearTimeout(watchdog);
      watchdog = setTimeout(watch, SILENCE_MS);
      // `early`: a map that was asked for did not come.
      if (message.version > told || version < 0 || early !== undefined) void catchUp(message.version);
      else tell.connection('live');
    } else if (message.type === 'reload') {
      early ??= [];
      wanted = Math.max(wanted, message.version);
      clearTimeout(reload);
      reload = setTimeout(() => void catchUp(wanted), Math.random() * RELOAD_SPREAD_MS);
    } else if (message.type === 'seats') {
      told = Math.max(told, message.version);
      if (early === undefined) {
        if (message.version > version) house.apply([message.seats]);
      } else if (early.length < MAX_EARLY) early.push(message);
      else {
        early = [];
        wanted = Math.max(wanted, message.version);
      }
    } else if (message.type === 'ticket') {
      subscribed.delete(message.ticketId);
      if (message.status === 'queued') subscribed.add(message.ticketId);
      tell.ticket(message);
    } else if (message.type === 'authenticated') {
      for (const ticketId of subscribed) send({ type: 'subscribe', ticketId }); // before it was a stranger's question
    } else if (message.type === 'error' && message.eventId === event.id) lose();
  }

  /** Loads the map until it is there; then the house is live. */
  async function catchUp(atLeast: number): Promise<void> {
    const isLoaded = await loadMap(atLeast);
    if (stopped || !isWatching) return;
    tell.connection(isLoaded ? 'live' : 'lost');
    clearTimeout(reload);
    if (!isLoaded) reload = setTimeout(() => void catchUp(0), pauseMs());
  }

  /** Loads a map of at least this version, and then applies what was told meanwhile and is newer. One at a time. Answers whether it came. */
  function loadMap(atLeast: number): Promise<boolean> {
    wanted = Math.max(wanted, atLeast);
    early ??= [];
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  async function load(): Promise<boolean> {
    try {
      const path = `/api/seats/map?eventId=${event.id}`;
      let map = await get<SeatMap>(path);
      for (let tries = 1; map.version < wanted && tries < MAX_LOADS; tries += 1) map = await get<SeatMap>(path);
      if (stopped) return false;
      if (map.version !== version || map.version === 0) house.load(map);
      version = map.version;
      told = Math.max(told, version);
      wanted = 0;
      misses = 0;
      const missed = (early ?? []).filter((message) => message.version > map.version).map(({ seats }) => seats);
      early = undefined;
      if (missed.length > 0) house.apply(missed);
      return true;
    } catch {
      misses += 1;
      return false; // who asked says so on the page, and asks again
    }
  }

  poll = setTimeout(look, POLL_MS);
  connect();
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);

  return {
    isOpen,
    /** Shows the token of who has just logged in. */
    authenticate,
    /** Asks to be told the state of a ticket, and its outcome. */
    follow(ticketId: string): void {
      subscribed.add(ticketId);
      send({ type: 'subscribe', ticketId });
    },
    stop(): void {
      stopped = true;
      for (const timer of [poll, retry, watchdog, reload]) clearTimeout(timer);
      removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
      lose();
    },
  };
}

export type Live = ReturnType<typeof createLive>;
