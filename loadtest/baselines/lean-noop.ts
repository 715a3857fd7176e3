import express from 'express';
import { createAppServer } from '../../api/http/server.ts';
import { noop } from './noop.ts';
import { readArgs, serve } from './program.ts';

/** The same route as express-noop on the HTTP server that Frontrow runs Express on: what is left to gain. */
readArgs();
const app = noop(express());
serve(
  app,
  createAppServer(app, () => ({})),
);
