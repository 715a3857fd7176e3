import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

/** The only argument of a baseline's program, as JSON. */
export type BaselineArgs = {
  redisUrl: string;
  databaseUrl: string;
  zones: number;
  rows: number;
  seatsPerRow: number;
};

/** Reads the argument. The program ends with its parent. */
export function readArgs(): BaselineArgs {
  process.on('disconnect', () => process.exit(0));
  return JSON.parse(process.argv[2] ?? '{}') as BaselineArgs;
}

/** Listens on any free port of the loopback, and sends it to the parent. */
export function serve(app: Express, server: Server = createServer(app)): void {
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}
