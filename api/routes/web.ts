import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Request, type Response, Router } from 'express';
import { projectRoot } from '../../shared/platform/root.ts';

/** The pages of the app in web/. All have the same HTML, and the app shows the page of its address. */
const PAGES = ['/events/:id', '/events/:id/wait', '/admin'];

/** An event id in a page's address, as the app in web/ parses it. */
const EVENT_ID = /^\d{1,10}$/;

/** The page that `/` redirects to: the event that every system has. */
const HOME = '/events/1';

/** Scripts, styles, images and requests of this origin only, and nothing inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** An asset never changes: its name has a hash of its content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The web app, as the build made it. Its files are small and stay in memory, compressed by the build: a crowd that
 * loads a page costs no reads of files and no compression.
 */
export function webRoutes() {
  const built = join(projectRoot, 'build', 'web');
  const page = load(join(built, 'index.html'));
  const assets = new Map(
    readdirSync(join(built, 'assets'))
      .filter((name) => extname(name) in TYPES)
      .map((name) => [`/${name}`, load(join(built, 'assets', name))]),
  );
  const router = Router();
  router.get('/', (_req, res) => res.redirect(HOME));
  router.param('id', (_req, _res, next, id) => next(EVENT_ID.test(id) ? undefined : 'route'));
  router.get(PAGES, (req, res) => {
    send(req, res, page, { 'cache-control': 'no-cache', 'content-security-policy': POLICY });
  });
  router.use('/assets', (req, res, next) => {
    const asset = assets.get(req.path);
    if (asset === undefined || (req.method !== 'GET' && req.method !== 'HEAD')) return next();
    send(req, res, asset, { 'cache-control': IMMUTABLE });
  });
  return router;
}

type Asset = { type: string; identity: Buffer; br: Buffer; gzip: Buffer };

function load(file: string): Asset {
  const [identity, br, gzip] = ['', '.br', '.gz'].map((suffix) => readFileSync(file + suffix)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  return { type: TYPES[extname(file)] as string, identity, br, gzip };
}

function send(req: Request, res: Response, file: Asset, headers: Record<string, string>): void {
  const encoding = (req.acceptsEncodings(['br', 'gzip', 'identity']) || 'identity') as 'br' | 'gzip' | 'identity';
  res.writeHead(200, {
    'content-type': file.type,
    'content-length': file[encoding].length,
    vary: 'Accept-Encoding',
    ...(encoding !== 'identity' && { 'content-encoding': encoding }),
    ...headers,
  });
  res.end(file[encoding]);
}
