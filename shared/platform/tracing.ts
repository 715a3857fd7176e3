import { setTimeout as sleep } from 'node:timers/promises';
import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { TicketTrace } from '../contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../contract/limits.ts';
import type { Config } from './config.ts';
import type { Logger } from './logger.ts';

/*
 * Traces by OpenTelemetry, by hand and in few places: one trace for one ticket, from the HTTP request to the push, and one for each batch
 * that a traced ticket was in, linked both ways. Nothing of OpenTelemetry is loaded where they are off.
 */

/** Traces a second that one process starts because clients ask for them. Past that they are drawn like all others. */
const MAX_ASKED_PER_SECOND = 100;

/** Spans that may wait to be sent, past which they are dropped; those sent at once; milliseconds between two sendings. */
const BUFFER = { maxQueueSize: 8_192, maxExportBatchSize: 512, scheduledDelayMillis: 2_000 };

/** Milliseconds that sending may take, and that what is left has when the process ends. */
const SEND_MS = 5_000;
const LAST_SEND_MS = 1_000;

/** Milliseconds by which this process' clock may be off the machine's, which is set now and then. */
const CLOCK_OFF_MS = 2;

/** W3C Trace Context: version, trace, span, flags. */
const TRACEPARENT = /^00-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = 1;

/** `SpanKind` and `SpanStatusCode` of @opentelemetry/api, which is loaded only where traces are on. */
const SERVER = 1;
const CONSUMER = 4;
const ERROR = 2;

type Step = 'accept' | 'claim' | 'save' | 'change' | 'settle' | 'push';

const script = (name: string): Attributes => ({ 'db.system.name': 'redis', 'db.stored_procedure.name': name });

/** What each step asks of Redis or PostgreSQL, in OpenTelemetry's words. */
const attributesOf: Record<Step, Attributes> = {
  accept: script('acceptTickets'),
  claim: script('claimSeats'),
  save: { 'db.system.name': 'postgresql', 'db.query.summary': 'INSERT booking seat' },
  change: { 'db.system.name': 'postgresql', 'db.query.summary': 'UPDATE booking seat' },
  settle: script('settleTickets'),
  push: {},
};

type Tracing = {
  tracer: Tracer;
  ratio: number;
  /** What is below a span of this or another process. */
  below: (span: SpanContext) => Context;
  /** What is below nothing: the start of a trace. */
  root: Context;
};

/** Undefined where traces are off: to ask for that is then all they cost. */
let tracing: Tracing | undefined;

/**
 * Switches traces on in this process, where there is somewhere to send them to.
 *
 * @param part what this process is: `api` or `worker`
 * @returns sends what is left, for a second at the most, and switches them off
 */
export async function startTracing(
  {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    TRACE_RATIO: ratio,
  }: Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'TRACE_RATIO'>,
  part: string,
  log: Logger,
): Promise<() => Promise<void>> {
  if (endpoint === undefined) return async () => undefined;
  const [
    { ROOT_CONTEXT, trace },
    { BatchSpanProcessor, TracerProvider },
    { resourceFromAttributes },
    { OTLPTraceExporter },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const exporter = sayingFaults(new OTLPTraceExporter({ url, timeoutMillis: SEND_MS }), log);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `frontrow-${part}`, 'process.pid': process.pid }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: SEND_MS, ...BUFFER })],
    spanLimits: { linkCountLimit: MAX_BATCH_REQUESTS },
  });
  tracing = {
    tracer: provider.getTracer('frontrow'),
    ratio,
    below: (span) => trace.setSpanContext(ROOT_CONTEXT, span),
    root: ROOT_CONTEXT,
  };
  return async () => {
    tracing = undefined;
    // Nobody may be there to take them, which the exporter has said: this process ends all the same.
    const sent = provider.shutdown().catch(() => undefined);
    await Promise.race([sent, sleep(LAST_SEND_MS, undefined, { ref: false })]);
  };
}

/** The exporter, which says when traces cannot be sent and when they can again. */
function sayingFaults(inner: SpanExporter, log: Logger): SpanExporter {
  let broken = false;
  return {
    export: (spans, done) =>
      inner.export(spans, (result) => {
        const fails = result.code !== 0;
        if (fails && !broken) log.warn({ fault: result.error?.message }, 'traces are not sent');
        if (!fails && broken) log.info('traces are sent again');
        broken = fails;
        done(result);
      }),
    forceFlush: async () => inner.forceFlush?.(),
    shutdown: () => inner.shutdown(),
  };
}

let originMs = performance.timeOrigin;

/** Milliseconds since 1970 of a `performance.now()`: as fine as that, and by the machine's clock, which all processes share. */
function epochMs(atMs = performance.now()): number {
  const off = Date.now() - originMs - performance.now();
  if (Math.abs(off) > CLOCK_OFF_MS) originMs += off;
  return originMs + atMs;
}

let askedSecond = 0;
let askedTimes = 0;

/** Whether a client that asks for a trace gets it: so many a second, for traces cost, and anybody may ask. */
function isGranted(): boolean {
  const second = Math.floor(performance.now() / 1000);
  if (second !== askedSecond) askedTimes = 0;
  askedSecond = second;
  askedTimes += 1;
  return askedTimes <= MAX_ASKED_PER_SECOND;
}

/**
 * The trace of a request for a ticket, with the request's own span; undefined for all but a few. A client's `traceparent` is continued, and
 * asks for a trace where its flag says so.
 *
 * @param cameAtMs when the request came, as `performance.now()` told it
 * @param describe the method and the route's pattern, asked for where there is a trace
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
  const asked = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED && isGranted();
  if (!asked && Math.random() >= ratio) return undefined;

  const { method, route } = describe();
  const attributes = { 'http.request.method': method, 'http.route': route };
  const client = { traceId, spanId, traceFlags: SAMPLED, isRemote: true };
  const options = { kind: SERVER, startTime: epochMs(cameAtMs), attributes };
  const span = tracer.startSpan(`${method} ${route}`, options, traceId === '' ? root : below(client));
  const own = span.spanContext();

  return {
    id: own.traceId,

    /** What a job carries of this trace, once its request is put on the queue. */
    queued: (): TicketTrace => ({ parent: `00-${own.traceId}-${own.spanId}-01`, queuedAtMs: epochMs() }),

    /** Begins a step; the result ends it. */
    begin(step: Step): () => void {
      const one = tracer.startSpan(step, { startTime: epochMs(), attributes: attributesOf[step] }, below(own));
      return () => one.end(epochMs());
    },

    /** By what the trace is found besides its own id. */
    note: (ticketId: string, requestId: string): void =>
      void span.setAttributes({ 'frontrow.ticket.id': ticketId, 'frontrow.request.id': requestId }),

    /** The request has its answer. */
    end: (status: number): void =>
      span
        .setAttribute('http.response.status_code', status)
        .setStatus({ code: status >= 500 ? ERROR : 0 })
        .end(epochMs()),
  };
}

export type Trace = NonNullable<ReturnType<typeof startTicketTrace>>;

/** A request of a job that may carry a trace. */
type Carrying = { trace?: TicketTrace | undefined };

/** The id of the trace that a job's request carries, for a line of the log. */
export const traceIdOf = ({ trace }: Carrying): string | undefined => trace && TRACEPARENT.exec(trace.parent)?.[1];

function spanOf({ parent }: TicketTrace): SpanContext {
  const [, traceId = '', spanId = ''] = TRACEPARENT.exec(parent) ?? [];
  return { traceId, spanId, traceFlags: SAMPLED, isRemote: true };
}

/**
 * The trace of a batch, linked to those of the requests in it that are traced; undefined where none is. Their wait in the queue ends here.
 * A step is shown in the batch's trace and, with the same times, in each ticket's.
 */
export function traceBatch(job: 'book' | 'change', shard: number, requests: readonly Carrying[]) {
  if (tracing === undefined) return undefined;
  const carried = tracesOf(requests);
  if (carried.length === 0) return undefined;
  const { tracer, below, root } = tracing;
  const startTime = epochMs();
  const batch = tracer.startSpan(
    `${job} batch`,
    {
      kind: CONSUMER,
      startTime,
      root: true,
      links: carried.map((trace) => ({ context: spanOf(trace) })),
      attributes: { 'messaging.batch.message_count': requests.length, shard, traced: carried.length },
    },
    root,
  );
  const links: Link[] = [{ context: batch.spanContext() }];
  for (const trace of carried) {
    const queuedAtMs = Math.min(trace.queuedAtMs, startTime); // by another machine's clock, which may be ahead
    tracer.startSpan('queue wait', { startTime: queuedAtMs, links }, below(spanOf(trace))).end(startTime);
  }

  return {
    async step<Result>(name: Step, concerned: readonly Carrying[], work: () => Promise<Result>): Promise<Result> {
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

const tracesOf = (requests: readonly Carrying[]) => requests.flatMap(({ trace }) => trace ?? []);

function endAll(spans: readonly Span[]): void {
  const endTime = epochMs();
  for (const span of spans) span.end(endTime);
}

export type BatchTrace = NonNullable<ReturnType<typeof traceBatch>>;

/** Does a step of a batch; shows it in the traces of the requests that it concerns, where any is traced. */
export function traced<Result>(
  batch: BatchTrace | undefined,
  step: Step,
  concerned: readonly Carrying[],
  work: () => Promise<Result>,
): Promise<Result> {
  return batch === undefined ? work() : batch.step(step, concerned, work);
}
