import type { Express, NextFunction, Request, Response } from 'express';
import type { JobQueue } from '../../shared/queues/queue.ts';
import { BOARD_PATH, type BoardSessions } from '../auth/board-sessions.ts';
import { ApiError } from '../http/errors.ts';

/** Nothing from outside (Bull Board asks Google for a font, and has another without it); it writes styles, and draws from data addresses. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'self'; " +
  "form-action 'none'; frame-ancestors 'none'";

/** A job's data without what logs do not show either. */
const withoutSecrets = (data: unknown): unknown =>
  JSON.parse(JSON.stringify(data ?? null, (name, value) => (name === 'paymentReference' ? '...' : value)));

/**
 * Bull Board, to look into the queues and not to change them: who removes a job takes tickets from those who wait, and the sweep
 * does all that has to be done by hand elsewhere.
 */
export function boardRoute(deps: { queues: readonly (readonly JobQueue[])[]; sessions: BoardSessions }) {
  const { queues, sessions } = deps;
  let board: Promise<Express> | undefined;

  /** Loads it too: a node that nobody looks at starts sooner without. */
  async function open(parent: Express): Promise<Express> {
    const [{ createBullBoard }, { BullMQAdapter }, { ExpressAdapter }] = await Promise.all([
      import('@bull-board/api'),
      import('@bull-board/api/bullMQAdapter'),
      import('@bull-board/express'),
    ]);
    const server = new ExpressAdapter().setBasePath(BOARD_PATH);
    const adapters = queues.flatMap((ofShard, shard) =>
      ofShard.map(({ bullmq }) => {
        const adapter = new BullMQAdapter(bullmq, { prefix: `s${shard} `, readOnlyMode: true });
        adapter.setFormatter('data', withoutSecrets);
        return adapter;
      }),
    );
    createBullBoard({ queues: adapters, serverAdapter: server, options: { uiConfig: { boardTitle: 'Frontrow' } } });
    const app = server.getRouter() as Express;
    app.disable('x-powered-by');
    app.emit('mount', parent); // as `use` does: its answers carry the headers that all of ours do
    return app;
  }

  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    sessions.require(req);
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new ApiError('FORBIDDEN', 'The queues are for looking only.');
    board ??= open(req.app as Express);
    res.setHeader('content-security-policy', POLICY);
    (await board)(req, res, next);
  };
}
