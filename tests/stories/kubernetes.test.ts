import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { Redis } from 'ioredis';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { parseAllDocuments } from 'yaml';
import { projectRoot } from '../../shared/platform/root.ts';
import { STOP_TIMEOUT_MS } from '../../shared/platform/shutdown.ts';
import { workerRedis } from '../support/redis-servers.ts';

const folder = join(projectRoot, 'ops', 'k8s');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
const manifests = files.flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { strict: true }).map((document) => document.toJS()),
);
const models = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  ScaledObject,
  Service,
  StatefulSet,
};

const one = (kind: string, name: string) => {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  expect(found).toHaveLength(1);
  return found[0];
};

test.each(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
  '%s is valid by the schemas of Kubernetes and KEDA',
  (_name, manifest) => {
    const { apiVersion, kind, ...data } = manifest;
    const Model = models[kind as keyof typeof models];
    const model = new Model(data);
    expect(model.apiVersion).toBe(apiVersion);
    expect(() => model.validate()).not.toThrow();
    expect(() => new Model({ ...data, metadata: { name: 7 } }).validate()).toThrow('metadata/name');
  },
);

const pods = manifests.filter(({ spec }) => spec?.template !== undefined);

test('every started program exists, and selectors match', () => {
  const scripts = Object.keys(one('ConfigMap', 'valkey').data);
  for (const { kind, spec } of pods) {
    const [{ command, image }] = spec.template.spec.containers;
    const program = command.at(-1);
    if (image.startsWith('valkey')) expect(scripts).toContain(program.replace('/etc/valkey/', ''));
    else expect(existsSync(join(projectRoot, program.replace(/^build\/(.*)\.js$/, '$1.ts')))).toBe(true);
    if (kind !== 'Job') expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
  }
  for (const [service, kind] of [
    ['frontrow-api', 'Deployment'],
    ['valkey', 'StatefulSet'],
  ] as const)
    expect(one('Service', service).spec.selector).toEqual(one(kind, service).spec.selector.matchLabels);
});

test('the Valkey of the example is a cluster with the settings of the embedded Redis', async () => {
  const lines: string[] = one('ConfigMap', 'valkey').data['valkey.conf'].trim().split('\n');
  const settings = new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]));
  expect(Object.fromEntries(settings)).toMatchObject({
    'cluster-enabled': 'yes',
    'cluster-require-full-coverage': 'no',
    'cluster-config-file': 'nodes.conf',
  });
  const { url } = await workerRedis();
  const redis = new Redis(url);
  const own = new Set(['dir', 'port', 'maxmemory']);
  for (const [name, value] of settings) {
    if (own.has(name) || name.startsWith('cluster-')) continue;
    const [, embedded] = (await redis.config('GET', name)) as [string, string];
    const spelled = value.replace(/^""$/, '').replace(/^(\d+)mb$/, (_, count) => String(count * 2 ** 20));
    expect([name, spelled]).toEqual([name, embedded]);
  }
  redis.disconnect();
});

test.each(pods.map(({ kind, metadata, spec }) => [`${kind} ${metadata.name}`, spec.template] as const))(
  'pods of %s have no service account, no root, no capabilities and no writable file system',
  (_name, { spec: { automountServiceAccountToken, securityContext, containers } }) => {
    expect(automountServiceAccountToken).toBe(false);
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(securityContext.runAsUser).toBeGreaterThan(0);
    for (const container of containers)
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  },
);

test('each part gets the secrets that it needs and no other', () => {
  const secretsOf = (kind: string, name: string) => {
    const [{ env, envFrom }] = one(kind, name).spec.template.spec.containers;
    expect(envFrom).toBeUndefined(); // it would pass all secrets
    const named = env.filter(({ valueFrom }: { valueFrom?: object }) => valueFrom !== undefined);
    return named.map(
      ({ name: variable, valueFrom }: { name: string; valueFrom: { secretKeyRef: { key: string } } }) => {
        expect(valueFrom.secretKeyRef.key).toBe(variable);
        return variable;
      },
    );
  };
  const servers = ['DATABASE_URL', 'REDIS_URL'];
  expect(secretsOf('Deployment', 'frontrow-api')).toEqual([...servers, 'ADMIN_TOKEN', 'AUTH_SECRET']);
  expect(secretsOf('Deployment', 'frontrow-worker')).toEqual(servers);
  expect(secretsOf('Job', 'frontrow-migrate')).toEqual(['DATABASE_URL']);
});

test('the network policies allow each part the connections that it needs and no other', () => {
  type Rule = { ports: { port: number }[] };
  const portsOf = (rules: Rule[]) => [...new Set(rules.flatMap(({ ports }) => ports.map(({ port }) => port)))];
  const policyOf = (part: string) => {
    const { podSelector, policyTypes, ingress, egress } = one('NetworkPolicy', `frontrow-${part}`).spec;
    const pod = pods.find(({ metadata }) => metadata.name === `frontrow-${part}`)?.spec.template.metadata.labels;
    expect([podSelector.matchLabels, policyTypes]).toEqual([pod, ['Ingress', 'Egress']]);
    return { in: portsOf(ingress), out: portsOf(egress) };
  };
  const [dns, postgres, redis, traces] = [[53], [5432], [6379, 26_379], [4318]];
  expect(policyOf('api')).toEqual({ in: [3000], out: [...dns, ...postgres, ...redis, 443, ...traces] });
  expect(policyOf('worker')).toEqual({ in: [9464], out: [...dns, ...postgres, ...redis, 443, ...traces] });
  expect(policyOf('migrate')).toEqual({ in: [], out: [...dns, ...postgres] });
});

test('KEDA runs as many workers as Frontrow desires', () => {
  const { scaleTargetRef, triggers } = one('ScaledObject', 'frontrow-worker').spec;
  // Replicas in the manifest would overwrite KEDA's number with each apply.
  expect(one('Deployment', scaleTargetRef.name).spec.replicas).toBeUndefined();
  expect(triggers).toMatchObject([
    {
      type: 'prometheus',
      metricType: 'AverageValue',
      metadata: { query: 'max(frontrow_workers_desired)', threshold: '1' },
    },
  ]);
});

test('one mechanism scales the APIs, by the CPU that each requests', () => {
  const { scaleTargetRef, minReplicas, metrics } = one('HorizontalPodAutoscaler', 'frontrow-api').spec;
  const { kind, metadata, spec } = one(scaleTargetRef.kind, scaleTargetRef.name);
  expect([kind, metadata.name, spec.replicas]).toEqual(['Deployment', 'frontrow-api', undefined]);
  expect(minReplicas).toBeGreaterThan(1); // one of them is restarted
  expect(metrics).toMatchObject([{ resource: { name: 'cpu', target: { type: 'Utilization' } } }]);
  expect(spec.template.spec.containers[0].resources.requests.cpu).toBe('1');
});

/** Seconds that a part takes to stop in order, after a drain. */
const STOP_SECONDS = STOP_TIMEOUT_MS / 1_000;

test('an API leaves the routes before it drains, and is not killed before it has ended', () => {
  const { terminationGracePeriodSeconds, containers } = one('Deployment', 'frontrow-api').spec.template.spec;
  const [{ env, lifecycle }] = containers;
  const waits = Number(lifecycle.preStop.exec.command[1]);
  const drains = Number(env.find(({ name }: { name: string }) => name === 'DRAIN_SECONDS').value);
  expect(terminationGracePeriodSeconds).toBeGreaterThan(waits + drains + STOP_SECONDS);
  const worker = one('Deployment', 'frontrow-worker').spec.template.spec;
  expect(worker.terminationGracePeriodSeconds).toBeGreaterThan(STOP_SECONDS);
});

test.each(['api', 'worker'])('a failed node or zone takes few of the %ss, and a drained node one at a time', (part) => {
  const { selector, template } = one('Deployment', `frontrow-${part}`).spec;
  const spread = template.spec.topologySpreadConstraints;
  expect(spread.map(({ topologyKey }: { topologyKey: string }) => topologyKey)).toEqual([
    'kubernetes.io/hostname',
    'topology.kubernetes.io/zone',
  ]);
  for (const { labelSelector } of spread) expect(labelSelector).toEqual(selector);
  expect(one('PodDisruptionBudget', `frontrow-${part}`).spec).toEqual({ maxUnavailable: 1, selector });
});
