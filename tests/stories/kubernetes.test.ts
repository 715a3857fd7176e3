import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Service } from 'kubernetes-models/v1/Service';
import { parseAllDocuments } from 'yaml';
import { projectRoot } from '../../shared/platform/root.ts';

const folder = join(projectRoot, 'ops', 'k8s');
const manifests = readdirSync(folder).flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { strict: true }).map((document) => document.toJS()),
);
const models = { Deployment, Job, Service, ScaledObject };

const one = (kind: string, name: string) => {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  expect(found).toHaveLength(1);
  return found[0];
};

test.each(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
  '%s is what Kubernetes and KEDA take',
  (_name, manifest) => {
    const { apiVersion, kind, ...data } = manifest;
    const Model = models[kind as keyof typeof models];
    const model = new Model(data);
    expect(model.apiVersion).toBe(apiVersion);
    expect(() => model.validate()).not.toThrow();
    expect(() => new Model({ ...data, metadata: { name: 7 } }).validate()).toThrow('metadata/name');
  },
);

test('what is started is there, and selectors find it', () => {
  for (const { kind, spec } of manifests.filter(({ spec }) => spec.template !== undefined)) {
    const [{ command }] = spec.template.spec.containers;
    expect(existsSync(join(projectRoot, command.at(-1).replace(/^build\/(.*)\.js$/, '$1.ts')))).toBe(true);
    if (kind === 'Deployment') expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
  }
  expect(one('Service', 'frontrow-api').spec.selector).toEqual(
    one('Deployment', 'frontrow-api').spec.selector.matchLabels,
  );
});

test('KEDA runs as many workers as are desired', () => {
  const { scaleTargetRef, triggers } = one('ScaledObject', 'frontrow-worker').spec;
  // Whoever sets replicas in the manifest takes KEDA's number away with each apply.
  expect(one('Deployment', scaleTargetRef.name).spec.replicas).toBeUndefined();
  expect(triggers).toMatchObject([
    {
      type: 'prometheus',
      metricType: 'AverageValue',
      metadata: { query: 'max(frontrow_workers_desired)', threshold: '1' },
    },
  ]);
});
