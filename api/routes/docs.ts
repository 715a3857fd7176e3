import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { Router } from 'express';
import { refuseQuery } from '../http/query.ts';
import { replyText } from '../http/replies.ts';
import { openApiDocument } from './openapi/document.ts';

const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Frontrow API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<header class="about">
<h1>Frontrow API</h1>
<p>Each request below can be sent as it is prefilled: press “Try it out”, then “Execute”.</p>
<ul>
<li><strong>Operators' requests</strong> need a token. Press “Authorize” and paste it as <code>operator</code> and as
<code>key</code>. <code>npm start</code> prints it, in the address after <code>#token=</code>; elsewhere it is
<code>ADMIN_TOKEN</code>.</li>
<li><strong>A booking, an order or a ticket</strong> must exist before it can be read or changed: send
<code>holdSeats</code>, and put the <code>id</code> of its answer in the place of the one that is prefilled.</li>
<li>The examples change what is on sale. Try them on a system for trials.</li>
</ul>
<p><a href="/openapi.json">The document as JSON</a> · <a href="/">The events</a></p>
</header>
<main id="api"></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const STYLE = `
.about { max-width: 1460px; margin: 0 auto; padding: 24px 20px 0; color: #1d1915; font: 16px/1.5 sans-serif; }
.about h1 { margin: 0 0 8px; font-size: 28px; }
.about ul { padding-left: 20px; }
.about code { padding: 0 4px; background: #eee7dc; }
.about a { color: #8a2718; }
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true });\n`;

/** Nothing from other hosts. Swagger UI needs inline styles, and data URLs for its icons. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "base-uri 'none'; frame-ancestors 'none'";

/** `/openapi.json`, and `/docs` with Swagger UI. */
export function docsRoutes() {
  let document: Buffer | undefined; // made at the first request: it would take a quarter of the time of a start
  const router = Router();
  router.get('/openapi.json', (req, res) => {
    refuseQuery(req);
    document ??= Buffer.from(JSON.stringify(openApiDocument()));
    replyText(res, 200, document);
  });
  router.get('/docs', (_req, res) => {
    res.setHeader('content-security-policy', POLICY);
    res.type('html').send(PAGE);
  });
  router.get('/docs/page.css', (_req, res) => void res.type('css').send(STYLE));
  router.get('/docs/start.js', (_req, res) => void res.type('js').send(START));
  router.use('/docs/assets', express.static(assets, { index: false, maxAge: '1d' }));
  return router;
}
