import { createServer } from 'node:http';
import { Queue, QueueEvents } from 'bullmq';
import express from 'express';
import { type WebSocket, WebSocketServer } from 'ws';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { type BookingJob, openQueueRedis, QUEUE } from './job-per-request-queue.ts';
import { readArgs, serve } from './program.ts';

/**
 * The API of the usual BullMQ design: one job for each request, the answer is the ticket. Outcomes come by BullMQ's own
 * QueueEvents and go out over WebSocket. It uses Frontrow's messages, so that the same client follows both.
 *
 * Tuned: jobs leave Redis when they are done, and outcomes without a subscription are kept here, so that a subscription
 * costs Redis nothing. Its Redis syncs once a second, as BullMQ's guide to production advises.
 */

/** Entries of the queue's stream of messages. By default it is cut at 10,000: two seconds at this rate. */
const STREAM_LENGTH = 100_000;

/** Outcomes that are kept for later subscriptions. The oldest is dropped. */
const MAX_KEPT = 10_000;

const { redisUrl } = readArgs();
const queue = new Queue<BookingJob>(QUEUE, {
  connection: openQueueRedis(redisUrl),
  skipVersionCheck: true,
  streams: { events: { maxLen: STREAM_LENGTH } },
  defaultJobOptions: { removeOnComplete: true, removeOnFail: 1_000, attempts: 3 },
});
const messages = new QueueEvents(QUEUE, { connection: openQueueRedis(redisUrl), skipVersionCheck: true });

const waiting = new Map<string, WebSocket>();
const earlyOutcomes = new Map<string, string>();

function settle(ticketId: string, status: 'booked' | 'rejected' | 'failed'): void {
  const text = JSON.stringify({ type: 'ticket', ticketId, kind: 'book', status });
  const socket = waiting.get(ticketId);
  if (socket !== undefined) {
    waiting.delete(ticketId);
    socket.send(text);
    return;
  }
  earlyOutcomes.set(ticketId, text);
  if (earlyOutcomes.size > MAX_KEPT) earlyOutcomes.delete(earlyOutcomes.keys().next().value as string);
}
messages.on('completed', ({ jobId, returnvalue }) => settle(jobId, Number(returnvalue) < 0 ? 'rejected' : 'booked'));
messages.on('failed', ({ jobId }) => settle(jobId, 'failed'));

function subscribe(socket: WebSocket, ticketId: string): void {
  const text = earlyOutcomes.get(ticketId);
  if (text === undefined) {
    waiting.set(ticketId, socket);
    return;
  }
  earlyOutcomes.delete(ticketId);
  socket.send(text);
}

const app = express();
app.use(express.json());
app.post('/reserve', async (req, res) => {
  const { zone, row, count } = req.body as BookingJob;
  if (![zone, row, count].every(Number.isInteger)) return void res.status(409).json({ error: 'bad input' });
  const ticketId = newTicketId(0);
  await queue.add('book', { zone, row, count }, { jobId: ticketId });
  res.status(201).json({ ticketId, status: 'queued' });
});

const server = createServer(app);
new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => {
  socket.on('message', (data) => subscribe(socket, (JSON.parse(String(data)) as { ticketId: string }).ticketId));
  socket.on('close', () => {
    for (const [ticketId, subscriber] of waiting) if (subscriber === socket) waiting.delete(ticketId);
  });
});

await messages.waitUntilReady();
serve(app, server);
