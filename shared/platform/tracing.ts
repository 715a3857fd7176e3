import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, SpanContext, Tracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from './logger.ts';

/** Spans that may wait, past which they are dropped; spans of one export; milliseconds between two exports. */
const BUFFER = { maxQueueSize: 8_192, maxExportBatchSize: 512, scheduledDelayMillis: 2_000 };

/** Milliseconds that an export may take, and that the last one has when the process ends. */
const EXPORT_MS = 5_000;
const LAST_EXPORT_MS = 1_000;

/** Milliseconds by which this process' clock may be off the machine's, which is set now and then. */
const CLOCK_OFF_MS = 2;

/** An OpenTelemetry tracer that exports its spans. */
export type OpenTracer = {
  tracer: Tracer;
  /** The context of children of a span, of this process or of another. */
  below: (span: SpanContext) => Context;
  /** The context of a span without a parent. */
  root: Context;
  /** Exports what is left, within a second, and ends. */
  close: () => Promise<void>;
};

/** Loads OpenTelemetry and opens a tracer whose spans go to an endpoint by OTLP over HTTP. */
export async function openTracer(options: {
  endpoint: string;
  service: string;
  maxLinksOfSpan: number;
  log: Logger;
}): Promise<OpenTracer> {
  const { endpoint, service, maxLinksOfSpan, log } = options;
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
  const exporter = withLoggedFaults(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS }), log);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'process.pid': process.pid }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_MS, ...BUFFER })],
    spanLimits: { linkCountLimit: maxLinksOfSpan },
  });
  return {
    tracer: provider.getTracer('frontrow'),
    below: (span) => trace.setSpanContext(ROOT_CONTEXT, span),
    root: ROOT_CONTEXT,
    async close() {
      const exported = provider.shutdown().catch(() => undefined); // the exporter has logged it
      await Promise.race([exported, sleep(LAST_EXPORT_MS, undefined, { ref: false })]);
    },
  };
}

/** The exporter, with a log line when exports begin to fail and when they succeed again. */
function withLoggedFaults(inner: SpanExporter, log: Logger): SpanExporter {
  let isBroken = false;
  return {
    export: (spans, done) =>
      inner.export(spans, (result) => {
        const fails = result.code !== 0;
        if (fails && !isBroken) log.warn({ fault: result.error?.message }, 'exporting traces failed');
        if (!fails && isBroken) log.info('exporting traces works again');
        isBroken = fails;
        done(result);
      }),
    forceFlush: async () => inner.forceFlush?.(),
    shutdown: () => inner.shutdown(),
  };
}

let originMs = performance.timeOrigin;

/** Milliseconds since 1970 of a `performance.now()`: as precise, by the machine's clock, which processes share. */
export function epochMs(atMs = performance.now()): number {
  const offMs = Date.now() - originMs - performance.now();
  if (Math.abs(offMs) > CLOCK_OFF_MS) originMs += offMs;
  return originMs + atMs;
}
