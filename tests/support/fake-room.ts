import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import type { z } from 'zod';
import { securityHeaders } from '../../api/http/security-headers.ts';
import { createAppServer } from '../../api/http/server.ts';
import { webRoutes } from '../../api/routes/web.ts';
import {
  admission,
  type ChallengeView,
  joinAnswer,
  joinBody,
  VISITOR_TOKEN_HEADER,
  visitorView,
} from '../../shared/contract/waiting-room.ts';
import { createLogger } from '../../shared/platform/logger.ts';

type View = z.infer<typeof visitorView>;

const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');

/** Starts a server with the app of web/ and a waiting room whose answers a test sets. */
export async function startFakeRoom() {
  const room = {
    url: '',
    /** The next answers, without `eventId`. */
    view: { status: 'waiting', message: 'Wait.', askAgainSeconds: 1 } as Omit<View, 'eventId'>,
    /** Whether connections are cut instead of answered. */
    isDown: false,
    /** Refusals to send instead of the next answers. */
    refusals: [] as { status: number; code: string; detail: string; challenge?: ChallengeView }[],
    /** The bodies of the joins so far. */
    joins: [] as z.infer<typeof joinBody>[],
    /** Requests since the start: method, time in milliseconds and visitor token. */
    requests: [] as { method: string; atMs: number; token: string | undefined }[],
    /** Milliseconds that a join takes. */
    joinMs: 0,
    /** Number of places given so far. */
    places: 0,
    admission: (seconds: number): z.infer<typeof admission> =>
      admission.parse({
        token: 'admission.token',
        expiresAt: new Date(Date.now() + 1000 * seconds).toISOString(),
        uses: 2,
      }),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const app = express();
  const unread = () => Promise.reject(new Error('there is no database'));
  app.use(
    webRoutes({
      config: { EMBED_ORIGINS: [] },
      events: { layout: unread, programme: unread },
      seats: { countsByZone: unread },
      waitingRooms: { find: () => undefined },
      rooms: { look: unread },
      heavyReads: { charge: () => undefined },
      log,
    }),
  );
  app.all('/api/events/:id/waiting-room', express.json(), async (req, res) => {
    const token = req.get(VISITOR_TOKEN_HEADER);
    if (room.isDown) return void req.socket.destroy();
    room.requests.push({ method: req.method, atMs: performance.now(), token });
    if (req.method === 'POST') room.joins.push(joinBody.parse(req.body));
    const refusal = room.refusals.shift();
    if (refusal !== undefined) return void res.status(refusal.status).json(refusal);
    const view = { eventId: Number(req.params.id), ...room.view };
    if (req.method === 'DELETE') return void res.json(visitorView.parse({ ...view, status: 'left' }));
    if (req.method === 'GET') return void res.json(visitorView.parse(view));
    if (joinBody.parse(req.body).nonce === undefined) throw new Error('the page gave no nonce');
    await sleep(room.joinMs);
    const isOpen = view.status === 'open';
    if (token === undefined && !isOpen) room.places += 1;
    res
      .status(201)
      .json(joinAnswer.parse({ ...view, visitorToken: isOpen ? '' : (token ?? `visitor-${room.places}`) }));
  });
  const server = createAppServer(app, securityHeaders({ TRUST_PROXY: undefined }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  room.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return room;
}
