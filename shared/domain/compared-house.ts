/*
 * A house that was found equal in Redis and PostgreSQL stays equal while neither changes. So its comparison notes the
 * state of both sides from before its first read, and a house that is still in this state is left alone for a while.
 * Differences that change no version, a lost bit for example, are found when that while is over.
 */

/**
 * The state of a house when its comparison begins, as one text: the time, and what every announced change of a side
 * changes: the version of the seats in Redis, and the processes that hold both sides. A restart, a failover or a
 * restored backup is another process.
 */
export const houseState = (nowMs: number, version: number, servers: string): string => `${nowMs} ${version} ${servers}`;

/** Whether a house has to be compared although it was equal in `equal`, a state, or null where it never was. */
export function isComparisonDue(equal: string | null, now: string, pauseMs: number): boolean {
  const [nowMs, nowSides] = split(now);
  const [equalMs, equalSides] = split(equal ?? '');
  return nowSides !== equalSides || nowMs - equalMs >= pauseMs || nowMs < equalMs;
}

function split(state: string): [ms: number, sides: string] {
  const space = state.indexOf(' ');
  return [Number(state.slice(0, space)), state.slice(space)];
}
