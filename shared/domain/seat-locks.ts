import type { House } from './house.ts';

/**
 * Milliseconds that a lock outlives its hold. PostgreSQL's clock ends a hold and a worker frees its seats; once a lock has
 * expired before, no ticket owns the seats and none can free them.
 */
export const LOCK_GRACE_MS = 24 * 3_600_000;

/** Milliseconds that the lock of a held seat lasts where the end of its hold is not known. */
export const holdLockMs = ({ settings }: House): number => settings.maxHoldSeconds * 1000 + LOCK_GRACE_MS;
