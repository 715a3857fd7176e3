import { Redis } from 'ioredis';

/** The queue between the two programs of job-per-request. */
export const QUEUE = 'bookings';

/** The data of a job. Its id is the ticket's. */
export type BookingJob = { zone: number; row: number; count: number };

/** A connection with BullMQ's required options. */
export const openQueueRedis = (redisUrl: string) =>
  new Redis(redisUrl, { maxRetriesPerRequest: null, replyMapping: 'legacy' });
