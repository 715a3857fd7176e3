import type { RoomState } from '../../shared/stores/redis/rooms.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';

/** Waiting rooms that are shown, those with the longest lines. */
const ROOMS_SHOWN = 20;

/** Milliseconds between two estimates that are held against what came, and how many of a room may be open. */
const ESTIMATE_MS = 2_000;
const MAX_ESTIMATES = 500;

type Estimate = { position: number; atMs: number; seconds: number };

/** Notes how lines stand, and how far off the estimates were that the last in line was told. */
export function createRoomMeasures() {
  const told = new Map<number, { generation: number; estimates: Estimate[] }>();

  return {
    /**
     * Notes a look at a line: whose turn has come was told a wait then. What the last in line is told now is remembered.
     *
     * @param seconds that the last in line is told to wait; undefined where they are told nothing
     */
    look(eventId: number, { generation, joined, serving }: RoomState, seconds: number | undefined): void {
      const nowMs = performance.now();
      const known = told.get(eventId);
      const line = known?.generation === generation ? known : { generation, estimates: [] };
      told.set(eventId, line);
      const { estimates } = line;
      while (estimates[0] !== undefined && estimates[0].position <= serving) {
        const { atMs, seconds: estimated } = estimates.shift() as Estimate;
        metrics.roomEstimateError.labels().observe(Math.abs((nowMs - atMs) / 1000 - estimated));
      }
      const last = estimates.at(-1);
      if (joined <= serving || seconds === undefined || estimates.length >= MAX_ESTIMATES) return;
      if (last !== undefined && (last.position === joined || nowMs - last.atMs < ESTIMATE_MS)) return;
      estimates.push({ position: joined, atMs: nowMs, seconds });
    },

    /** Shows how the lines of these rooms stand. */
    show(rooms: readonly { eventId: number; state: RoomState | undefined }[]): void {
      for (const gauge of ofOneRoom) gauge.reset();
      const there = new Set(rooms.map(({ eventId }) => eventId));
      for (const eventId of told.keys()) if (!there.has(eventId)) told.delete(eventId);
      const lines = rooms.flatMap(({ eventId, state }) =>
        state === undefined ? [] : [{ event: String(eventId), state }],
      );
      lines.sort((a, b) => b.state.joined - b.state.serving - (a.state.joined - a.state.serving));
      for (const { event, state } of lines.slice(0, ROOMS_SHOWN)) {
        metrics.roomOn.set({ event }, state.on ? 1 : 0);
        const moves = state.on && state.drawn && !state.paused && !state.sold;
        metrics.roomMoves.set({ event }, moves ? 1 : 0);
        metrics.roomJoined.set({ event }, state.joined);
        metrics.roomServing.set({ event }, state.serving);
        metrics.roomInside.set({ event }, state.inside);
        metrics.roomRate.set({ event }, state.speed);
        metrics.roomAdmissions.inc({ event }, state.admitted);
      }
    },
  };
}

const ofOneRoom = [
  ...[metrics.roomOn, metrics.roomMoves, metrics.roomJoined, metrics.roomServing, metrics.roomInside, metrics.roomRate],
  metrics.roomAdmissions, // counted in Redis, for all nodes
];
