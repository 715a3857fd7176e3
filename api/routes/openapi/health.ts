import { z } from 'zod';
import { alive, readiness } from '../../../shared/contract/answers.ts';
import { pipelineView } from '../../../shared/contract/pipeline.ts';
import { answer, healthOperation, type OperationPaths, ok } from './operations.ts';

export const healthPaths: OperationPaths = {
  '/healthz': { get: healthOperation('checkAlive', 'This process runs', ok('It runs.', alive)) },
  '/readyz': {
    get: healthOperation(
      'checkReady',
      'This process can serve: its loops run, Redis accepts writes, and it is not stopping',
      {
        ...ok('Ready.', readiness),
        '503': answer('Not ready.', readiness),
      },
    ),
  },
  '/healthz/pipeline': {
    get: healthOperation(
      'checkPipeline',
      'Whether accepted requests are processed. For people and alerts: load balancers use `/readyz`',
      {
        ...ok('Accepted requests are processed.', pipelineView),
        '503': answer('Accepted requests are not processed, or late.', pipelineView),
      },
    ),
  },
  '/metrics': {
    get: healthOperation('readMetrics', 'Metrics of this API process, and of the state that all processes share', {
      '200': { description: "Prometheus' text format.", content: { 'text/plain': { schema: z.string() } } },
    }),
  },
  '/metrics/targets': {
    get: healthOperation(
      'listMetricsTargets',
      "Addresses of the workers' metrics, for Prometheus' http_sd_configs",
      ok('The addresses.', z.array(z.object({ targets: z.array(z.string()) }))),
    ),
  },
  '/openapi.json': {
    get: healthOperation('readOpenApi', 'This document', ok('OpenAPI 3.1.', z.looseObject({ openapi: z.string() }))),
  },
  '/docs': {
    get: {
      operationId: 'readDocs',
      summary: 'This document, to read and try',
      tags: ['Health'],
      responses: { '200': { description: 'A page.', content: { 'text/html': {} } } },
    },
  },
};
