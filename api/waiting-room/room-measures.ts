import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';

/** Waiting rooms that are shown, those with the longest lines. */
const ROOMS_SHOWN = 20;

/** Milliseconds between two estimates that are compared with the real wait, and how many of a room may be open. */
const ESTIMATE_MS = 2_000;
const MAX_ESTIMATES = 500;

/** The wait that the visitor at a position was promised. */
type Estimate = { position: number; atMs: number; seconds: number };

/** Measures lines, and the error of the estimates that the last visitor in line was given. */
export function createRoomMeasures() {
  const estimatesByEvent = new Map<number, { generation: number; estimates: Estimate[] }>();

  /** Removes the rooms that are off from what is shown. */
  function forgetOthers(eventIds: ReadonlySet<number>): void {
    for (const gauge of roomGauges) gauge.reset();
    for (const eventId of estimatesByEvent.keys()) if (!eventIds.has(eventId)) estimatesByEvent.delete(eventId);
  }

  return {
    /**
     * Compares the estimates of positions that are called by now with the real wait, and remembers a new one.
     *
     * @param seconds the wait that the last visitor in line is promised; undefined where there is no promise
     */
    noteEstimate(eventId: number, { generation, joined, serving }: RoomState, seconds: number | undefined): void {
      const nowMs = performance.now();
      const known = estimatesByEvent.get(eventId);
      const line = known?.generation === generation ? known : { generation, estimates: [] };
      estimatesByEvent.set(eventId, line);
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

    /** Shows the lines of these rooms. */
    show(rooms: readonly { eventId: number; state: RoomState | undefined }[]): void {
      forgetOthers(new Set(rooms.map(({ eventId }) => eventId)));
      const lines = rooms.flatMap(({ eventId, state }) =>
        state === undefined ? [] : [{ event: String(eventId), state }],
      );
      lines.sort((a, b) => b.state.joined - b.state.serving - (a.state.joined - a.state.serving));
      for (const { event, state } of lines.slice(0, ROOMS_SHOWN)) {
        metrics.roomOn.set({ event }, state.on ? 1 : 0);
        const isMoving = state.on && state.drawn && !state.paused && !state.isSoldOut;
        metrics.roomMoves.set({ event }, isMoving ? 1 : 0);
        metrics.roomJoined.set({ event }, state.joined);
        metrics.roomServing.set({ event }, state.serving);
        metrics.roomInside.set({ event }, state.inside);
        metrics.roomRate.set({ event }, state.speed);
        metrics.roomAdmissions.inc({ event }, state.admitted);
      }
    },
  };
}

const roomGauges = [
  metrics.roomOn,
  metrics.roomMoves,
  metrics.roomJoined,
  metrics.roomServing,
  metrics.roomInside,
  metrics.roomRate,
  metrics.roomAdmissions, // counted in Redis, for all nodes
];
