import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { startTicketTrace, type Trace } from '../../shared/telemetry/ticket-traces.ts';
import { patternOf, type Timed } from '../http/server.ts';

/** A request that may be traced. */
export type Traced = IncomingMessage & { trace?: Trace };

/** Starts the trace of a request for a ticket; undefined where it is not sampled. It ends with the answer. */
export function startTrace(req: Request & Timed & Traced, res: Response): Trace | undefined {
  const describe = () => ({ method: req.method, route: patternOf(req) });
  const trace = startTicketTrace(req.headers.traceparent, req.receivedAtMs, describe);
  if (trace === undefined) return undefined;
  req.trace = trace;
  res.on('close', () => trace.end(res.statusCode));
  return trace;
}

/** The id of a request's trace, for log lines. */
export const traceIdOf = ({ trace }: Traced): string | undefined => trace?.id;
