import { type Request, type Response, Router } from 'express';
import { sendEncoded } from '../http/encoded.ts';
import { readEmbedBuild } from '../pages/embed-build.ts';

/** A part never changes: its name has a hash of its content. */
const PART = { 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' };

/** The script has one address for ever. Each load asks whether it has changed: the parts of an old one are gone. */
const SCRIPT = { 'cache-control': 'no-cache', vary: 'Accept-Encoding' };

/** The elements for pages of other sites: `/embed.js`, and the parts that it loads. CORS decides who may load them. */
export function embedRoutes() {
  const { script, tag, parts } = readEmbedBuild();
  const headers = { etag: tag, ...SCRIPT };
  const router = Router({ caseSensitive: true });
  router.get('/embed.js', (req: Request, res: Response) => {
    if (!req.headers['if-none-match']?.includes(tag)) return sendEncoded(req, res, 200, script, headers);
    res.writeHead(304, headers);
    return res.end();
  });
  router.get('/embed/:name', (req, res, next) => {
    const part = parts.get(req.params.name);
    return part === undefined ? next() : sendEncoded(req, res, 200, part, PART);
  });
  return router;
}
