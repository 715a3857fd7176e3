import { type NextFunction, type Request, type Response, Router } from 'express';
import type { Config } from '../../shared/config.ts';
import { COMPAT_PATHS } from '../http/compat-paths.ts';
import { type Encoded, sendEncoded } from '../http/encoded.ts';
import { ApiError } from '../http/errors.ts';
import { searchOf } from '../http/request.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import type { Language } from '../pages/build.ts';
import { createPages } from '../pages/pages.ts';
import type { Allowed } from '../pages/room-looks.ts';

/** An event id in a page's address, as the app in web/ parses it. */
const EVENT_ID = /^\d{1,10}$/;

/** The id of a booking in a page's address, as the app in web/ parses it. */
const BOOKING_ID = /^[\da-f-]{36}$/;

/** Paths of the API: whatever its client accepts, a path that does not exist is answered as a problem. */
const API_PATHS = /^\/(api|ws|metrics|openapi\.json)([/?]|$)/i;

/**
 * Scripts, styles, images and requests of this origin only, and nothing inline. A waiting page in the look of its site
 * also has one style by its hash, and pictures of one other origin.
 */
const policyOf = ({ styleHash, imageOrigin }: Allowed): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'${styleHash ? ` 'sha256-${styleHash}'` : ''}; ` +
  `img-src 'self'${imageOrigin ? ` ${imageOrigin}` : ''}; connect-src 'self'; ` +
  "worker-src 'self'; base-uri 'none'; form-action 'none'";

/** The headers of a page that these sites may frame. A page is made for its moment and language. */
const pageHeaders = (sites: readonly string[], allowed: Allowed = {}) => ({
  'cache-control': 'no-cache',
  'content-security-policy': `${policyOf(allowed)}; frame-ancestors ${sites.length === 0 ? "'none'" : sites.join(' ')}`,
  vary: 'Accept-Encoding, Accept-Language',
});

/** An asset never changes: its name has a hash of its content. */
const ASSET = { 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' };

type WebDeps = Parameters<typeof createPages>[0] & {
  config: Pick<Config, 'EMBED_ORIGINS'>;
  heavyReads: Pick<HeavyReads, 'charge'>;
};

/**
 * The pages of the web app, and its assets. Both come from memory: a crowd that loads a page costs no reads of files
 * and no compression. A page that may have to be read costs its client a read.
 */
export function webRoutes({ config, heavyReads, ...deps }: WebDeps) {
  const pages = createPages(deps);
  const languageOf = (req: Request): Language => {
    const name = req.acceptsLanguages(...pages.languages.keys());
    return (pages.languages.get(name || '') ?? pages.languages.values().next().value) as Language;
  };
  const forBuyers = pageHeaders(config.EMBED_ORIGINS);
  const forOperators = pageHeaders([]);
  const sendPage = (req: Request, res: Response, page: Encoded, status = 200) =>
    sendEncoded(req, res, status, page, forBuyers);

  const eventPage = (kind: 'event' | 'wait') => async (req: Request, res: Response, next: NextFunction) => {
    if (!EVENT_ID.test(String(req.params.id))) return next();
    heavyReads.charge(req, res, 1);
    const language = languageOf(req);
    const found = await pages.ofEvent(kind, Number(req.params.id), { language, accepted: req.acceptsLanguages() });
    if (found === 'waiting room') return void res.redirect(302, `/events/${req.params.id}/wait`);
    if (found === 'unknown') return sendPage(req, res, pages.plain(language));
    if (found !== 'none')
      return sendEncoded(req, res, 200, found.page, pageHeaders(config.EMBED_ORIGINS, found.allowed));
    if (!req.accepts('html')) throw new ApiError('EVENT_UNKNOWN');
    return sendPage(req, res, pages.noEvent(language), 404);
  };

  const router = Router({ caseSensitive: true }); // as web/main.tsx reads addresses
  router.get('/', async (req, res) => {
    heavyReads.charge(req, res, 1);
    const language = languageOf(req);
    const page = await pages.ofProgramme(pageNumberOf(req), language);
    if (page === 'none') return sendPage(req, res, pages.noPage(language), 404);
    return sendPage(req, res, page === 'unknown' ? pages.plain(language) : page);
  });
  router.get('/events/:id', eventPage('event'));
  router.get('/events/:id/wait', eventPage('wait'));
  router.param('bookingId', (_req, _res, next, id) => next(BOOKING_ID.test(id) ? undefined : 'route'));
  for (const path of ['/bookings', '/bookings/:bookingId'])
    router.get(path, (req, res) => sendPage(req, res, pages.plain(languageOf(req))));
  router.get('/admin', (req, res) => sendEncoded(req, res, 200, pages.plain(languageOf(req)), forOperators));
  router.use('/assets', (req, res, next) => {
    const asset = pages.assets.get(req.path);
    return asset !== undefined && isRead(req) ? sendEncoded(req, res, 200, asset, ASSET) : next();
  });
  router.use((req, res, next) => {
    const isOfApi = API_PATHS.test(req.path) || COMPAT_PATHS.test(req.path);
    const wantsPage = isRead(req) && !isOfApi && req.accepts(['json', 'html']) === 'html';
    return wantsPage ? sendPage(req, res, pages.noPage(languageOf(req)), 404) : next();
  });
  return router;
}

/** The number of a page of the programme; 0 where the address has none that is a number. */
function pageNumberOf(req: Request): number {
  const page = new URLSearchParams(searchOf(req)).get('page') ?? '1';
  return /^\d{1,4}$/.test(page) ? Number(page) : 0;
}

const isRead = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD';
