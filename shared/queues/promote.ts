import type { Job } from 'bullmq';

/** BullMQ's codes of a job that is gone, and of one that is no longer delayed (its enums/error-code.ts). */
const TAKEN_CODES = [-1, -3];

/**
 * Makes a delayed job due now. Several workers may do so at once: a job that another one promoted or took since it was
 * listed needs nothing more.
 *
 * @throws every other fault
 */
export async function promote(job: Job): Promise<void> {
  await job.promote().catch((fault: Error & { code?: number }) => {
    if (!TAKEN_CODES.includes(fault.code ?? 0)) throw fault;
  });
}
