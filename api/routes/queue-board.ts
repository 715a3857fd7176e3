import type { Express, NextFunction, Request, Response } from 'express';
import type { Queues } from '../../shared/queues/open-queues.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import { BOARD_PATH, type BoardSessions } from '../auth/queue-board-sessions.ts';
import { ApiError } from '../http/errors.ts';

/**
 * Bull Board loads nothing from other hosts: without Google's font it uses another. It needs inline styles, and data
 * URLs for images and fonts.
 */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

/** A job's data without the fields that are kept out of logs too. */
const withoutSecrets = (data: unknown): unknown =>
  JSON.parse(JSON.stringify(data ?? null, (name, value) => (name === 'paymentReference' ? '...' : value)));

/** Loads Bull Board and opens it on all queues, read-only. */
async function openBoard(queues: Queues, parent: Express): Promise<Express> {
  const [{ createBullBoard }, { BullMQAdapter }, { ExpressAdapter }] = await Promise.all([
    import('@bull-board/api'),
    import('@bull-board/api/bullMQAdapter'),
    import('@bull-board/express'),
  ]);
  const adapterOf = ({ bullmq }: JobQueue, shard: number) => {
    const adapter = new BullMQAdapter(bullmq, { prefix: `s${shard} `, readOnlyMode: true });
    adapter.setFormatter('data', withoutSecrets);
    return adapter;
  };
  const server = new ExpressAdapter().setBasePath(BOARD_PATH);
  const adapters = queues.flatMap(({ booking, control }, shard) => [
    adapterOf(booking, shard),
    adapterOf(control, shard),
  ]);
  createBullBoard({ queues: adapters, serverAdapter: server, options: { uiConfig: { boardTitle: 'Frontrow' } } });
  const app = server.getRouter() as Express;
  app.disable('x-powered-by');
  app.emit('mount', parent); // as `use` does, so that its answers have the headers of this app
  return app;
}

/**
 * The queue board (Bull Board), read-only: without its job a ticket gets no outcome. Its code is loaded with the first
 * request, so that a node starts sooner.
 */
export function boardRoute({ queues, boardSessions }: { queues: Queues; boardSessions: BoardSessions }) {
  let board: Promise<Express> | undefined;

  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    boardSessions.require(req);
    if (req.method !== 'GET' && req.method !== 'HEAD') throw new ApiError('FORBIDDEN', 'The queues are read-only.');
    board ??= openBoard(queues, req.app as Express);
    res.setHeader('content-security-policy', POLICY);
    (await board)(req, res, next);
  };
}
