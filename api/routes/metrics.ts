import { type Request, type Response, Router } from 'express';
import { contentType } from '../../shared/platform/metrics.ts';
import type { MetricsTargets } from '../../shared/stores/redis/metrics-targets.ts';
import { refuseQuery } from '../http/query.ts';
import { reply, replyText } from '../http/replies.ts';

/**
 * `/metrics`: metrics of this node and of the state that all processes share. `/metrics/targets`: the addresses of the
 * workers' metrics, in the format of Prometheus' `http_sd_configs`.
 */
export function metricsRoutes(deps: { metricsPage: () => Promise<string>; metricsTargets: MetricsTargets }) {
  const { metricsPage, metricsTargets } = deps;
  const router = Router();
  router.get('/metrics', async (req: Request, res: Response) => {
    refuseQuery(req);
    replyText(res, 200, await metricsPage(), {}, contentType);
  });
  router.get('/metrics/targets', async (req: Request, res: Response) => {
    refuseQuery(req);
    const targets = await metricsTargets.list();
    reply(res, 200, targets.length === 0 ? [] : [{ targets }]);
  });
  return router;
}
