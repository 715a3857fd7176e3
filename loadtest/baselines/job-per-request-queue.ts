import { Redis } from 'ioredis';

/** The queue between the two programs of job-per-request. */
export const QUEUE = 'bookings';

/** What a job carries; its id is the ticket's. */
export type BookingJob = { zone: number; row: number; count: number };

/** A connection as BullMQ wants it. */
export const openQueueRedis = (redisUrl: string) =>
  new Redis(redisUrl, { maxRetriesPerRequest: null, replyMapping: 'legacy' });
