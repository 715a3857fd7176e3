import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { createKnownLine, type KnownLine, needsOrder, noteDraw, noteState } from './line.ts';
import { createRoomMeasures } from './room-measures.ts';
import { waitOf } from './visitor-views.ts';

/** Milliseconds between two reads of the lines' states, and between two of the list of rooms. */
const READ_MS = 125;
const LIST_MS = 1_000;

/** Milliseconds until the next read while nobody waits in any line, and while no room is known. */
const QUIET_MS = 250;
const IDLE_MS = LIST_MS;

/** Milliseconds that an active read gets when the node stops. */
const STOP_MS = 1_000;

/**
 * Keeps what this node knows of all lines up to date. Polls are answered from it. While Redis is unavailable the last
 * state is kept, so nobody is admitted and every visitor keeps their place.
 */
export function createLineReader({ rooms, loops, log }: { rooms: RoomStore; loops: Loops; log: Logger }) {
  const lines = new Map<number, KnownLine>();
  const measures = createRoomMeasures();
  let isListed = false;
  let isFailing = false;

  async function listLines(): Promise<void> {
    const active = await rooms.active();
    const generations = new Map(active.map(({ eventId, generation }) => [eventId, generation]));
    for (const eventId of lines.keys()) if (!generations.has(eventId)) lines.delete(eventId);
    for (const { eventId, generation } of active)
      if (lines.get(eventId)?.generation !== generation) await learnLine(rooms, lines, eventId);
    for (const { eventId, challenge, challengeBits } of active)
      Object.assign(lines.get(eventId)?.settings ?? {}, { challenge, challengeBits });
    isListed = true;
  }

  /** A state of another generation, or none, changes nothing: a worker is about to restore the line. */
  async function readStates(): Promise<void> {
    const states = lines.size === 0 ? [] : await rooms.read([...lines.keys()]);
    for (const [eventId, state] of states) {
      const line = lines.get(eventId);
      if (line === undefined || state.generation !== line.generation) continue;
      if (needsOrder(line, state) && !noteDraw(line, (await rooms.find(eventId)) ?? line)) continue;
      noteState(line, state);
      measureEstimate(measures, line);
    }
    isFailing = false;
  }

  async function refresh(): Promise<void> {
    await listLines();
    await readStates();
  }

  function pauseMs(): number {
    if (lines.size === 0) return IDLE_MS;
    const isQuiet = ({ state }: KnownLine) => state !== undefined && state.joined <= state.serving;
    return [...lines.values()].every(isQuiet) ? QUIET_MS : READ_MS;
  }

  /** Logs the beginning of an outage, not each of its reads. */
  function noteFault(fault: Error): void {
    if (!isFailing) log.warn({ fault: fault.message }, 'reading waiting rooms failed: using the last state');
    isFailing = true;
  }

  return {
    lines: lines as ReadonlyMap<number, KnownLine>,

    /** Whether this node has read which rooms there are. */
    isListed: () => isListed,

    /** Reads all rooms and their states now. @throws the fault of Redis or PostgreSQL */
    refresh,

    /** Shows the lines in `/metrics`. */
    measure: () => measures.show([...lines.values()]),

    /** Reads all rooms once, and then again and again until the result is called. */
    async start(): Promise<() => Promise<void>> {
      await refresh().catch((fault: Error) =>
        log.warn({ fault: fault.message }, 'reading waiting rooms failed at the start'),
      );
      // Two loops, because lines are in Redis and the list is in PostgreSQL: each goes on without the other.
      const stops = [
        loops.repeat('waiting rooms listed', LIST_MS, refresh, noteFault, { isVital: false }),
        loops.repeat('lines read', pauseMs, readStates, noteFault),
      ];
      return () => stopAll(stops);
    },
  };
}

export type LineReader = ReturnType<typeof createLineReader>;

/** Reads a room that is new on the list, or whose line has ended. */
async function learnLine(rooms: RoomStore, lines: Map<number, KnownLine>, eventId: number): Promise<void> {
  const room = await rooms.find(eventId);
  if (room === undefined || room.settings.mode === 'off') return void lines.delete(eventId);
  if (lines.get(eventId)?.generation === room.generation) return; // a list at the same time has added it
  lines.set(eventId, createKnownLine(room, rooms));
}

async function stopAll(stops: readonly (() => Promise<void>)[]): Promise<void> {
  await Promise.race([Promise.all(stops.map((stop) => stop())), sleep(STOP_MS, undefined, { ref: false })]);
}

/** Remembers the wait that the last visitor in a line is promised. */
function measureEstimate(measures: ReturnType<typeof createRoomMeasures>, { eventId, state }: KnownLine): void {
  if (state === undefined || !state.on || state.paused) return;
  const { seconds, isShown } = waitOf(state, state.joined - state.serving - 1);
  measures.noteEstimate(eventId, state, isShown ? seconds : undefined);
}
