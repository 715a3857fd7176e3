import type { RoomMeasurement, StepMemory } from '../../shared/domain/room-step.ts';

/** The memory of a line that no step has measured. */
export const NO_MEMORY: StepMemory = {
  isOn: true,
  calmSinceMs: 0,
  rate: 0,
  ceiling: undefined,
  carry: 0,
  isRateUsed: false,
  drain: undefined,
  pace: 0,
  settled: undefined,
  wereJobsWaiting: false,
  absentShare: 0,
  judgedPosition: 0,
  calledPosition: undefined,
  speed: 0,
};

type Times = 'nowMs' | 'sinceMs';
export type Changes = Partial<Pick<RoomMeasurement, Times>> & {
  [Part in Exclude<keyof RoomMeasurement, Times>]?: Partial<RoomMeasurement[Part]>;
};

const nobody = () => ({ visitors: 0, absent: 0 });

/** A line of 10,000 on sale, a quarter of a second after its last step, with an idle queue. */
export function measuredRoom(seats: number, changes: Changes = {}): RoomMeasurement {
  return {
    nowMs: changes.nowMs ?? 1_000_000,
    sinceMs: changes.sinceMs ?? 250,
    settings: { mode: 'on', paused: false, perMinute: 0, insideLimit: 0, etaLimitMs: 2_000, ...changes.settings },
    line: { joined: 10_000, calledPosition: 0, base: 0, isDrawn: true, ...changes.line },
    queue: { accepted: 0, settled: 0, hasWaiting: false, hasActive: false, ...changes.queue },
    sale: { onSaleMs: 0, isPaused: false, seats, seatsTaken: 0, seatsHeld: 0, ...changes.sale },
    visitors: { inside: 0, admitted: 0, takenBack: 0, seatsClaimed: 0, ...changes.visitors },
    turns: {
      late: nobody(),
      latePosition: 0,
      awaited: nobody(),
      newlyLate: nobody(),
      lastMinute: { came: 0, open: nobody() },
      ...changes.turns,
    },
    memory: { ...NO_MEMORY, ...changes.memory },
  };
}
