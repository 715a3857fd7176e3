import { storedAdmission } from '../stored-values.ts';

/**
 * The time at which this browser's admission to an event ends, by this machine's clock; undefined without a valid
 * one.
 */
export function admissionEndOf(eventId: number): string | undefined {
  const admission = storedAdmission(eventId).read();
  if (admission === undefined) return undefined;
  const endMs = Date.parse(admission.expiresAt) - (admission.aheadMs ?? 0);
  return endMs > Date.now() ? new Date(endMs).toISOString() : undefined;
}
