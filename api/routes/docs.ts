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
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
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
  router.get('/docs/start.js', (_req, res) => void res.type('js').send(START));
  router.use('/docs/assets', express.static(assets, { index: false, maxAge: '1d' }));
  return router;
}
