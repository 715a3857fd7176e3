import type { z } from 'zod';
import type { EventView, SeatMap } from '../../shared/contract/events.ts';
import type { serverMessage } from '../../shared/contract/messages.ts';
import type { TicketView } from '../../shared/contract/tickets.ts';
import { type Problem, Refused } from '../answers.ts';
import { keptSession } from '../kept.ts';
import type { House } from './house.ts';

type Message = z.infer<typeof serverMessage>;

/** Milliseconds between two looks where no socket is to be had, and between two tries to open one: doubled each time. */
const POLL_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Milliseconds within which all who were told to load the map again do so: not all at once. */
const RELOAD_SPREAD_MS = 300;

/** Changes that may wait for a map; beyond that the map is loaded once more. */
const MAX_EARLY = 2_000;

/** Loads of the map in a row, where the answer is older than what was told. */
const MAX_LOADS = 5;

export type Connection = 'connecting' | 'live' | 'polling';

/**
 * Keeps a house as the server has it, and tells outcomes of tickets: over one WebSocket, and by looking every two seconds
 * where none is to be had.
 */
export function createLive(
  event: EventView,
  house: House,
  tell: { connection: (state: Connection) => void; ticket: (view: TicketView) => void },
) {
  const subscribed = new Set<string>();
  let socket: WebSocket | undefined;
  let isOpen = false;
  let stopped = false;
  let failures = 0;
  let poll: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  /** The version of the map that stands, and messages that came while one was on its way. */
  let version = -1;
  let early: Extract<Message, { type: 'seats' }>[] | undefined;
  let wanted = 0;
  let loading = false;

  function connect() {
    if (stopped) return;
    try {
      socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    } catch {
      return lost(); // a browser that is told to open none
    }
    socket.onopen = () => {
      isOpen = true;
      authenticate();
      send({ type: 'watch', eventId: event.id });
      for (const ticketId of subscribed) send({ type: 'subscribe', ticketId });
    };
    socket.onmessage = ({ data }) => take(JSON.parse(data) as Message);
    socket.onclose = lost;
  }

  function authenticate(): void {
    const token = keptSession().read();
    if (token !== undefined && isOpen) send({ type: 'authenticate', token });
  }

  const send = (message: object) => socket?.send(JSON.stringify(message));

  function lost(): void {
    if (stopped) return;
    isOpen = false;
    tell.connection('polling');
    clearTimeout(poll);
    poll = setTimeout(look, version < 0 ? 0 : POLL_MS);
    retry = setTimeout(connect, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2));
    failures += 1;
  }

  async function look(): Promise<void> {
    await loadMap(0);
    if (!isOpen && !stopped) poll = setTimeout(look, POLL_MS);
  }

  function take(message: Message): void {
    if (message.type === 'watching') {
      failures = 0;
      clearTimeout(poll);
      void loadMap(message.version).then(() => isOpen && tell.connection('live'));
    } else if (message.type === 'reload') {
      early ??= [];
      setTimeout(() => void loadMap(message.version), Math.random() * RELOAD_SPREAD_MS);
    } else if (message.type === 'seats') {
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
    }
  }

  /** Loads a map of at least this version, and then applies what was told meanwhile and is newer. One at a time. */
  async function loadMap(atLeast: number): Promise<void> {
    wanted = Math.max(wanted, atLeast);
    early ??= [];
    if (loading) return;
    loading = true;
    try {
      const path = `/api/seats/map?eventId=${event.id}`;
      let map = await get<SeatMap>(path);
      for (let tries = 1; map.version < wanted && tries < MAX_LOADS; tries += 1) map = await get<SeatMap>(path);
      if (stopped) return;
      if (map.version !== version || map.version === 0) house.load(map);
      version = map.version;
      wanted = 0;
      const missed = early.filter((message) => message.version > map.version).map(({ seats }) => seats);
      early = undefined;
      if (missed.length > 0) house.apply(missed);
    } catch {
      if (isOpen && !stopped) setTimeout(() => void loadMap(0), POLL_MS); // else the next look is due
    } finally {
      loading = false;
    }
  }

  connect();

  return {
    isOpen: () => isOpen,
    /** Shows the token of who has just logged in. */
    authenticate,
    /** Asks to be told the state of a ticket, and its outcome. */
    follow(ticketId: string): void {
      subscribed.add(ticketId);
      if (isOpen) send({ type: 'subscribe', ticketId });
    },
    stop(): void {
      stopped = true;
      clearTimeout(poll);
      clearTimeout(retry);
      socket?.close();
    },
  };
}

export type Live = ReturnType<typeof createLive>;

/** @throws Refused where the answer is a refusal; another error where there is none */
export async function get<Answer>(path: string): Promise<Answer> {
  const token = keptSession().read();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(path, { headers, signal: AbortSignal.timeout(15_000) });
  const answer = (await response.json()) as Answer & Problem;
  if (!response.ok) throw new Refused(response, answer);
  return answer;
}
