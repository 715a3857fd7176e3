import type { Express } from 'express';

/** A route that reads and parses a JSON body with the least work, and answers an empty 202. */
export function noop(app: Express): Express {
  app.disable('x-powered-by');
  app.post('/reserve', (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      JSON.parse(chunks.length === 1 ? String(chunks[0]) : String(Buffer.concat(chunks)));
      res.writeHead(202).end();
    });
  });
  return app;
}
