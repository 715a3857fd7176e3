import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Express } from 'express';

/**
 * An HTTP server for an Express app whose requests and responses are born with Express' prototypes.
 *
 * Express gives every request and response its prototype with `Object.setPrototypeOf` (its lib/application.js, `handle`).
 * V8 cannot optimize what touches such an object afterwards, all of Node's HTTP code included: a request that does nothing
 * costs three times the CPU. Given classes that have the prototypes already, Express' call does nothing.
 */
export function createAppServer(app: Express): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as typeof app.request;
  app.response = AppResponse.prototype as typeof app.response;
  const server = createServer(
    { IncomingMessage: AppRequest, ServerResponse: AppResponse, requestTimeout: 20_000, headersTimeout: 10_000 },
    app,
  );
  // A client may expect what it likes: it gets the route's own answer and not Node's 417.
  server.on('checkExpectation', app);
  return server;
}
