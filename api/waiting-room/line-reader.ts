import { setTimeout as sleep } from 'node:timers/promises';
import { estimateIn } from '../../shared/domain/line-standing.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { createKnownLine, type KnownLine, needsOrder, noteDraw, noteState } from './line.ts';
import { estimatingOf } from './line-view.ts';
import { createRoomMeasures } from './room-measures.ts';

/** Milliseconds between two reads of the list of rooms. */
const LIST_MS = 1_000;

/**
 * Milliseconds without a published state after which a line is read, and between two searches for such lines. Each step
 * publishes, four times a second: messages were lost, or no worker runs. A line in which nobody waits has fewer steps.
 */
const SILENT_MS = 500;
const SEARCH_MS = 250;

/** Milliseconds that an active read gets when the node stops. */
const STOP_MS = 1_000;

/**
 * Keeps what this node knows of all lines up to date, from the states that workers publish. Polls are answered from it.
 * While Redis is unavailable the last state is kept, so nobody is admitted and every visitor keeps their place.
 */
export function createLineReader(deps: { rooms: RoomStore; subscriber: RedisShards; loops: Loops; log: Logger }) {
  const { rooms, subscriber, loops, log } = deps;
  const lines = new Map<number, KnownLine>();
  const measures = createRoomMeasures();
  let isListed = false;
  let isFailing = false;

  /**
   * Notes a state that was sent at the earliest at `sentAtMs`, unless a later one is known. A state of another
   * generation changes nothing: a worker is about to restore the line.
   */
  async function noteSent(eventId: number, state: RoomState, sentAtMs: number): Promise<void> {
    const line = lines.get(eventId);
    if (line === undefined || state.generation !== line.generation) return;
    if (needsOrder(line, state) && !noteDraw(line, (await rooms.find(eventId)) ?? line)) return;
    if (line.heardAtMs > sentAtMs) return;
    noteState(line, state);
    line.heardAtMs = performance.now();
    measureEstimate(measures, line);
  }

  async function readStates(eventIds: readonly number[]): Promise<void> {
    const sentAtMs = performance.now();
    const states = eventIds.length === 0 ? [] : await rooms.read(eventIds);
    for (const [eventId, state] of states) await noteSent(eventId, state, sentAtMs);
    isFailing = false;
  }

  function readSilent(): Promise<void> {
    const silentSinceMs = performance.now() - SILENT_MS;
    const silent = [...lines.values()].filter(({ heardAtMs }) => heardAtMs < silentSinceMs);
    return readStates(silent.map(({ eventId }) => eventId));
  }

  async function list(): Promise<void> {
    await listLines(rooms, lines);
    isListed = true;
  }

  async function refreshList(): Promise<void> {
    await list();
    await readSilent();
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

    /** Reads the list of rooms, and the state of one, now. @throws the fault of Redis or PostgreSQL */
    async refresh(eventId: number): Promise<void> {
      await list();
      await readStates([eventId]);
    },

    /** Shows the lines in `/metrics`. */
    measure: () => measures.show([...lines.values()]),

    /** Subscribes to the lines and reads all rooms once, and goes on until the result is called. */
    async start(): Promise<() => Promise<void>> {
      await rooms.follow(subscriber, (published) => {
        if (published instanceof Error) return noteFault(published);
        noteSent(published.eventId, published.state, performance.now()).catch(noteFault);
      });
      await refreshList().catch((fault: Error) =>
        log.warn({ fault: fault.message }, 'reading waiting rooms failed at the start'),
      );
      // Two loops, because lines are in Redis and the list is in PostgreSQL: each goes on without the other.
      const stops = [
        loops.repeat('waiting rooms listed', LIST_MS, refreshList, noteFault, { isVital: false }),
        loops.repeat('lines read', () => (lines.size === 0 ? LIST_MS : SEARCH_MS), readSilent, noteFault),
      ];
      return () => stopAll(stops);
    },
  };
}

export type LineReader = ReturnType<typeof createLineReader>;

/** Reads which rooms are not off: learns new lines, and forgets those of others. */
async function listLines(rooms: RoomStore, lines: Map<number, KnownLine>): Promise<void> {
  const active = await rooms.active();
  const generations = new Map(active.map(({ eventId, generation }) => [eventId, generation]));
  for (const eventId of lines.keys()) if (!generations.has(eventId)) lines.delete(eventId);
  for (const { eventId, generation } of active)
    if (lines.get(eventId)?.generation !== generation) await learnLine(rooms, lines, eventId);
  for (const { eventId, challenge, challengeBits, sites } of active)
    Object.assign(lines.get(eventId)?.settings ?? {}, { challenge, challengeBits, sites });
}

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
function measureEstimate(measures: ReturnType<typeof createRoomMeasures>, line: KnownLine): void {
  const { eventId, state } = line;
  if (state === undefined || !state.on || state.paused) return;
  const { seconds, isShown } = estimateIn(estimatingOf(state), state.joined - state.serving - 1);
  measures.noteEstimate(eventId, state, isShown ? seconds : undefined);
}
