import type { House } from './house.ts';

/**
 * Milliseconds that a lock outlives its hold. PostgreSQL's clock ends a hold, and then a worker frees its seats. If the
 * lock expired first, no ticket would own the seats and none could free them.
 */
export const LOCK_GRACE_MS = 24 * 3_600_000;

/** Milliseconds that the lock of a held seat lasts where the end of its hold is not known. */
export const holdLockMs = ({ settings }: House): number => settings.maxHoldSeconds * 1000 + LOCK_GRACE_MS;
