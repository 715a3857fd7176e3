import { type Request, type Response, Router } from 'express';
import type { PipelineView } from '../../shared/contract/pipeline.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import type { Readiness } from '../operations/readiness.ts';

const wordOf = (isOk: boolean) => (isOk ? 'ok' : 'not ok');

/**
 * `/healthz`: this process runs. `/readyz`: it can serve, and is not stopping. `/healthz/pipeline`: accepted requests
 * are processed; it is for people and alerts, never for load balancers, which would remove all nodes at once.
 */
export function healthRoutes(deps: {
  readiness: Readiness;
  pipeline: () => Promise<PipelineView>;
  isStopping: () => boolean;
}) {
  const { readiness, pipeline, isStopping } = deps;

  async function ready(_req: Request, res: Response): Promise<void> {
    if (isStopping()) return reply(res, 503, { status: 'stopping' });
    const { redis, loops, notWritable } = await readiness.check();
    const ok = redis && loops;
    const parts = { redis: wordOf(redis), loops: wordOf(loops) };
    reply(res, ok ? 200 : 503, { status: wordOf(ok), ...parts, ...(notWritable.length > 0 && { notWritable }) });
  }

  async function showPipeline(_req: Request, res: Response): Promise<void> {
    const view = await pipeline();
    reply(res, view.status === 'ok' ? 200 : 503, view);
  }

  const router = Router();
  router.use(['/healthz', '/readyz'], (req, _res, next) => {
    refuseQuery(req);
    next();
  });
  router.get('/healthz', (_req, res) => reply(res, 200, { status: 'ok' }));
  router.get('/healthz/pipeline', showPipeline);
  router.get('/readyz', ready);
  return router;
}
