import type { Attributes, Link, Span, SpanContext } from '@opentelemetry/api';
import type { BatchJob, TicketTrace } from '../contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../contract/limits.ts';
import type { Logger } from '../platform/logger.ts';
import { epochMs, type OpenTracer, openTracer } from '../platform/tracing.ts';

/*
 * Each traced ticket has one trace, from its HTTP request to its push, and each batch with a traced ticket has one;
 * links join both. Spans are made by hand in few places. Nothing of OpenTelemetry is loaded where tracing is off.
 */

/** Traces a second that one process starts because clients ask for them. Past that they are sampled like all others. */
const MAX_REQUESTED_PER_SECOND = 100;

/** W3C Trace Context: version, trace, span, flags. */
const TRACEPARENT = /^00-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = 1;

/** `SpanKind` and `SpanStatusCode` of @opentelemetry/api, which is loaded only where tracing is on. */
const SERVER = 1;
const CONSUMER = 4;
const ERROR = 2;

type Step = 'accept' | 'claim' | 'save' | 'change' | 'settle' | 'push';

const script = (name: string): Attributes => ({ 'db.system.name': 'redis', 'db.stored_procedure.name': name });

/** The Redis or PostgreSQL call of each step, by OpenTelemetry's attributes. */
const attributesOf: Record<Step, Attributes> = {
  accept: script('acceptTickets'),
  claim: script('claimSeats'),
  save: { 'db.system.name': 'postgresql', 'db.query.summary': 'INSERT booking seat' },
  change: { 'db.system.name': 'postgresql', 'db.query.summary': 'UPDATE booking seat' },
  settle: script('settleTickets'),
  push: {},
};

/** The tracer and the share of tickets that are traced. Undefined where tracing is off: that check is its only cost. */
let tracing: (OpenTracer & { ratio: number }) | undefined;

/**
 * Starts tracing in this process, where there is an endpoint.
 *
 * @param part the kind of this process: `api` or `worker`
 * @returns exports what is left, within a second, and stops tracing
 */
export async function startTracing(
  config: { OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined; TRACE_RATIO: number },
  part: string,
  log: Logger,
): Promise<() => Promise<void>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, TRACE_RATIO: ratio } = config;
  if (endpoint === undefined) return async () => undefined;
  const service = `frontrow-${part}`;
  const opened = await openTracer({ endpoint, service, maxLinksOfSpan: MAX_BATCH_REQUESTS, log });
  tracing = { ...opened, ratio };
  return async () => {
    tracing = undefined;
    await opened.close();
  };
}

let lastSecond = 0;
let requestedInSecond = 0;

/** Whether a client that asks for a trace gets one. Traces cost, and anybody may ask, so each second has a bound. */
function isGranted(): boolean {
  const second = Math.floor(performance.now() / 1000);
  if (second !== lastSecond) requestedInSecond = 0;
  lastSecond = second;
  requestedInSecond += 1;
  return requestedInSecond <= MAX_REQUESTED_PER_SECOND;
}

/**
 * The trace of a request for a ticket, with the request's own span; undefined for all but a few. It continues a
 * client's `traceparent`, whose sampled flag asks for a trace.
 *
 * @param cameAtMs when the request came, by `performance.now()`
 * @param describe the method and the route's pattern; called only for a traced request
 */
export function startTicketTrace(
  traceparent: unknown,
  cameAtMs: number | undefined,
  describe: () => { method: string; route: string },
) {
  if (tracing === undefined) return undefined;
  const { tracer, ratio, below, root } = tracing;
  const [, traceId = '', spanId = '', flags = '0'] =
    (typeof traceparent === 'string' && TRACEPARENT.exec(traceparent)) || [];
  const isRequested = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED && isGranted();
  if (!isRequested && Math.random() >= ratio) return undefined;

  const { method, route } = describe();
  const attributes = { 'http.request.method': method, 'http.route': route };
  const client = { traceId, spanId, traceFlags: SAMPLED, isRemote: true };
  const options = { kind: SERVER, startTime: epochMs(cameAtMs), attributes };
  const span = tracer.startSpan(`${method} ${route}`, options, traceId === '' ? root : below(client));
  const own = span.spanContext();

  return {
    id: own.traceId,

    /** The part of this trace that a job carries, once its request is enqueued. */
    queued: (): TicketTrace => ({ parent: `00-${own.traceId}-${own.spanId}-01`, queuedAtMs: epochMs() }),

    /** Begins a step; the result ends it. */
    begin(step: Step): () => void {
      const child = tracer.startSpan(step, { startTime: epochMs(), attributes: attributesOf[step] }, below(own));
      return () => child.end(epochMs());
    },

    /** Adds ids by which the trace can be found. */
    note: (ticketId: string, requestId: string): void =>
      void span.setAttributes({ 'frontrow.ticket.id': ticketId, 'frontrow.request.id': requestId }),

    /** Ends the trace with the status of the request's answer. */
    end: (status: number): void =>
      span
        .setAttribute('http.response.status_code', status)
        .setStatus({ code: status >= 500 ? ERROR : 0 })
        .end(epochMs()),
  };
}

export type Trace = NonNullable<ReturnType<typeof startTicketTrace>>;

/** A request of a job, which may carry a trace. */
type Traceable = { trace?: TicketTrace | undefined };

/** The id of the trace that a job's request carries, for a log line. */
export const traceIdOf = ({ trace }: Traceable): string | undefined => trace && TRACEPARENT.exec(trace.parent)?.[1];

function spanOf({ parent }: TicketTrace): SpanContext {
  const [, traceId = '', spanId = ''] = TRACEPARENT.exec(parent) ?? [];
  return { traceId, spanId, traceFlags: SAMPLED, isRemote: true };
}

/**
 * The trace of a batch, linked to the traces of its requests; undefined where none is traced. Their wait in the queue
 * ends here. Each step gets a span in the batch's trace and, with the same times, one in each ticket's trace.
 */
export function traceBatch(job: BatchJob, shard: number, requests: readonly Traceable[]) {
  if (tracing === undefined) return undefined;
  const traces = tracesOf(requests);
  if (traces.length === 0) return undefined;
  const { tracer, below, root } = tracing;
  const startTime = epochMs();
  const batch = tracer.startSpan(
    `${job} batch`,
    {
      kind: CONSUMER,
      startTime,
      root: true,
      links: traces.map((trace) => ({ context: spanOf(trace) })),
      attributes: { 'messaging.batch.message_count': requests.length, shard, traced: traces.length },
    },
    root,
  );
  const links: Link[] = [{ context: batch.spanContext() }];
  for (const trace of traces) {
    const queuedAtMs = Math.min(trace.queuedAtMs, startTime); // by another machine's clock, which may be ahead
    tracer.startSpan('queue wait', { startTime: queuedAtMs, links }, below(spanOf(trace))).end(startTime);
  }

  return {
    async step<Result>(name: Step, concerned: readonly Traceable[], work: () => Promise<Result>): Promise<Result> {
      const options = { startTime: epochMs(), attributes: attributesOf[name] };
      const spans = [
        tracer.startSpan(name, options, below(batch.spanContext())),
        ...tracesOf(concerned).map((trace) => tracer.startSpan(name, { ...options, links }, below(spanOf(trace)))),
      ];
      try {
        return await work();
      } catch (fault) {
        for (const span of spans) span.setStatus({ code: ERROR });
        throw fault;
      } finally {
        endAll(spans);
      }
    },

    end: (): void => endAll([batch]),
  };
}

const tracesOf = (requests: readonly Traceable[]) => requests.flatMap(({ trace }) => trace ?? []);

function endAll(spans: readonly Span[]): void {
  const endTime = epochMs();
  for (const span of spans) span.end(endTime);
}

export type BatchTrace = NonNullable<ReturnType<typeof traceBatch>>;

/** Runs a step of a batch, with a span in the traces of the requests that it concerns. */
export function traced<Result>(
  batch: BatchTrace | undefined,
  step: Step,
  concerned: readonly Traceable[],
  work: () => Promise<Result>,
): Promise<Result> {
  return batch === undefined ? work() : batch.step(step, concerned, work);
}
