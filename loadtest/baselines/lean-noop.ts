import express from 'express';
import { createAppServer } from '../../api/http/server.ts';
import { noop } from './noop.ts';
import { readArgs, serve } from './program.ts';

/** The route of express-noop on Frontrow's HTTP server: the difference is the gain of that server. */
readArgs();
const app = noop(express());
serve(
  app,
  createAppServer(app, () => ({})),
);
