import { type Request, type Response, Router } from 'express';
import type { Redis } from 'ioredis';
import type { PrismaClient } from '../../shared/platform/prisma.ts';
import { keysOf } from '../../shared/stores/keys.ts';
import { refuseQuery, reply } from '../http.ts';

/** Milliseconds that a server may take to answer before this node calls itself not ready. */
const PROBE_TIMEOUT_MS = 1_000;

/** Milliseconds that jobs may be on the queue without a single ticket being settled. */
const STUCK_MS = 20_000;

/** `/healthz`: this process runs. `/readyz`: it is not stopping, what it needs answers, and the queue moves. */
export function healthRoutes(deps: { redis: Redis; prisma: PrismaClient; shards: number; isStopping: () => boolean }) {
  const { redis, prisma, shards, isStopping } = deps;
  const seen = new Map<number, { settled: number; sinceMs: number }>();

  /** Whether the tickets of a shard are being settled, as far as two looks can tell. */
  async function draining(shard: number): Promise<boolean> {
    const { settled, waiting, active, delayed } = keysOf(shard);
    const [done, ...queued] = await Promise.all([
      redis.get(settled).then(Number),
      redis.llen(waiting),
      redis.llen(active),
      redis.zcard(delayed),
    ]);
    const before = seen.get(shard);
    if (queued.every((jobs) => jobs === 0)) {
      seen.delete(shard);
    } else if (before === undefined || done !== before.settled) {
      seen.set(shard, { settled: done, sinceMs: performance.now() });
    } else {
      return performance.now() - before.sinceMs < STUCK_MS;
    }
    return true;
  }

  async function ready(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    if (isStopping()) return reply(res, 503, { status: 'stopping' });
    const [redisAnswers, postgresAnswers, queueMoves] = await Promise.all([
      holds(redis.ping().then(() => true)),
      holds(prisma.$queryRaw`SELECT 1`.then(() => true)),
      holds(
        Promise.all(Array.from({ length: shards }, (_, shard) => draining(shard))).then((all) => all.every(Boolean)),
      ),
    ]);
    const ok = redisAnswers && postgresAnswers && queueMoves;
    const word = (good: boolean) => (good ? 'ok' : 'not ok');
    reply(res, ok ? 200 : 503, {
      status: word(ok),
      redis: word(redisAnswers),
      postgres: word(postgresAnswers),
      queue: word(queueMoves),
    });
  }

  const router = Router();
  router.get('/healthz', (req, res) => {
    refuseQuery(req);
    reply(res, 200, { status: 'ok' });
  });
  router.get('/readyz', ready);
  return router;
}

/** What a probe says; false where it fails or takes too long, which is what the caller asks about. */
async function holds(probe: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
  });
  return Promise.race([probe.catch(() => false), tooLate]).finally(() => clearTimeout(timer));
}
