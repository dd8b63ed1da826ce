// Rollouts step by step: the pods become ready when the test says so.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { deployments } from '../../src/api/resources.ts';
import type { Deployment, ReplicaSet } from '../../src/api/types/apps/v1.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { newReplicaSetAnnotations, REVISION, REVISION_HISTORY } from '../../src/controllers/deployment/annotations.ts';
import { deploymentController } from '../../src/controllers/deployment/deployment.ts';
import { maxSurge, maxUnavailable, proportionalSizes } from '../../src/controllers/deployment/replicas.ts';
import { templateHash } from '../../src/controllers/deployment/template.ts';
import { replicaSetController } from '../../src/controllers/replicaset/replicaset.ts';
import { deploymentObject, replicaSetObject } from '../support/objects.ts';
import { type Harness, harness } from './harness.ts';

const rollouts = (t: TestContext) => harness(t, deploymentController(), replicaSetController());

/** Makes every live pod of the image (all, when none is given) ready. */
async function makeReady(h: Harness, image?: string): Promise<void> {
  for (const { metadata, spec } of h.api.objects<Pod>('pods')) {
    if (image && spec.containers[0]?.image !== image) continue;
    h.api.change<Pod>('pods', 'default', metadata.name as string, (pod) => {
      const lastTransitionTime = new Date(h.clock.now()).toISOString();
      pod.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] };
    });
  }
  await h.settle();
}

const web = (h: Harness) => h.api.object<Deployment>('deployments', 'default', 'web') as Deployment;

const condition = (h: Harness, type: string) => {
  const found = web(h).status?.conditions?.find((c) => c.type === type);
  return `${found?.status} ${found?.reason}`;
};

/** image → wanted/ready */
const sizes = (h: Harness) =>
  Object.fromEntries(
    h.api
      .objects<ReplicaSet>('replicasets')
      .map(({ spec, status }) => [
        spec.template?.spec?.containers[0]?.image,
        `${spec.replicas}/${status?.readyReplicas ?? 0}`,
      ]),
  );

async function setImage(h: Harness, image: string): Promise<void> {
  const body = { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } };
  await h.client.patch(deployments, 'default', 'web', { type: 'merge', body });
  await h.settle();
}

async function patch(h: Harness, spec: Partial<Deployment['spec']>): Promise<void> {
  await h.client.patch(deployments, 'default', 'web', { type: 'merge', body: { spec } });
  await h.settle();
}

async function rolledOut(t: TestContext, deployment = deploymentObject('web')): Promise<Harness> {
  const h = rollouts(t);
  h.api.seed(deployment);
  await h.start();
  await makeReady(h);
  return h;
}

test('a new Deployment comes up and says so', async (t) => {
  const h = rollouts(t);
  h.api.seed(deploymentObject('web'));
  await h.start();
  assert.equal(condition(h, 'Progressing'), 'True ReplicaSetUpdated');
  assert.equal(condition(h, 'Available'), 'False MinimumReplicasUnavailable');
  assert.equal(web(h).metadata.annotations?.[REVISION], '1');

  await makeReady(h);
  assert.equal(condition(h, 'Progressing'), 'True NewReplicaSetAvailable');
  assert.equal(condition(h, 'Available'), 'True MinimumReplicasAvailable');
  const { replicas, updatedReplicas, readyReplicas, availableReplicas, unavailableReplicas, observedGeneration } =
    web(h).status ?? {};
  assert.deepEqual([replicas, updatedReplicas, readyReplicas, availableReplicas, unavailableReplicas], [3, 3, 3, 3, 0]);
  assert.equal(observedGeneration, web(h).metadata.generation);
  const [replicaSet] = h.api.objects<ReplicaSet>('replicasets');
  assert.match(
    h.events()[0] ?? '',
    new RegExp(`^ScalingReplicaSet: Scaled up replica set ${replicaSet?.metadata.name} from 0 to 3$`),
  );
  assert.equal(
    replicaSet?.spec.selector.matchLabels?.['pod-template-hash'],
    replicaSet?.metadata.labels?.['pod-template-hash'],
  );
});

test('a rolling update never has fewer available nor more pods than it may', async (t) => {
  const h = await rolledOut(t);
  await setImage(h, 'example:2');
  assert.deepEqual(sizes(h), { 'example:1': '3/3', 'example:2': '1/0' });
  await makeReady(h, 'example:2');
  assert.deepEqual(sizes(h), { 'example:1': '2/2', 'example:2': '2/1' });
  await makeReady(h, 'example:2');
  assert.deepEqual(sizes(h), { 'example:1': '1/1', 'example:2': '3/2' });
  await makeReady(h, 'example:2');
  assert.deepEqual(sizes(h), { 'example:1': '0/0', 'example:2': '3/3' });
  assert.equal(condition(h, 'Progressing'), 'True NewReplicaSetAvailable');
  assert.equal(web(h).metadata.annotations?.[REVISION], '2');
});

test('undoing brings the old ReplicaSet back under a new revision', async (t) => {
  const h = await rolledOut(t);
  await setImage(h, 'example:2');
  for (let i = 0; i < 4; i++) await makeReady(h);
  await setImage(h, 'example:1');
  for (let i = 0; i < 4; i++) await makeReady(h);
  assert.deepEqual(sizes(h), { 'example:1': '3/3', 'example:2': '0/0' });
  const first = h.api.objects<ReplicaSet>('replicasets').find((r) => r.spec.replicas === 3);
  assert.equal(first?.metadata.annotations?.[REVISION], '3');
  assert.equal(first?.metadata.annotations?.[REVISION_HISTORY], '1');
});

test('the rollback annotation restores the template and is taken away', async (t) => {
  const h = await rolledOut(t);
  await setImage(h, 'example:2');
  for (let i = 0; i < 4; i++) await makeReady(h);
  const annotations = { 'deprecated.deployment.rollback.to': '0' };
  await h.client.patch(deployments, 'default', 'web', { type: 'merge', body: { metadata: { annotations } } });
  await h.settle();
  assert.equal(web(h).spec.template.spec?.containers[0]?.image, 'example:1');
  assert.equal(web(h).metadata.annotations?.['deprecated.deployment.rollback.to'], undefined);
  assert.ok(h.events().includes('DeploymentRollback: Rolled back deployment "web" to revision 1'));
});

test('scaling changes the one ReplicaSet', async (t) => {
  const h = await rolledOut(t);
  await patch(h, { replicas: 5 });
  assert.deepEqual(sizes(h), { 'example:1': '5/3' });
  await patch(h, { replicas: 1 });
  assert.deepEqual(sizes(h), { 'example:1': '1/1' });
  assert.ok(h.events().some((event) => /Scaled down replica set web-\w+ from 5 to 1/.test(event)));
});

test('Recreate starts the new only when nothing of the old runs', async (t) => {
  const h = await rolledOut(t, deploymentObject('web', { spec: { strategy: { type: 'Recreate' } } }));
  for (const { metadata } of h.api.objects<Pod>('pods')) {
    h.api.change<Pod>('pods', 'default', metadata.name as string, (pod) => {
      pod.spec.nodeName = 'node-1';
    });
  }
  await setImage(h, 'example:2');
  assert.deepEqual(sizes(h), { 'example:1': '0/0' });
  for (const { metadata } of h.api.objects<Pod>('pods')) h.api.remove('pods', 'default', metadata.name as string);
  await h.settle();
  assert.deepEqual(sizes(h), { 'example:1': '0/0', 'example:2': '3/0' });
});

test('a paused Deployment scales but does not roll', async (t) => {
  const h = await rolledOut(t);
  await patch(h, { paused: true });
  assert.equal(condition(h, 'Progressing'), 'Unknown DeploymentPaused');
  await setImage(h, 'example:2');
  await patch(h, { replicas: 4 });
  assert.deepEqual(sizes(h), { 'example:1': '4/3' });
  await patch(h, { paused: false });
  // One more than wanted, and one in the place of the old pod that never became ready.
  assert.deepEqual(sizes(h), { 'example:1': '3/3', 'example:2': '2/0' });
});

test('a rollout that does not move runs into its deadline', async (t) => {
  const h = await rolledOut(t);
  await setImage(h, 'example:broken');
  await h.clock.advance(590_000);
  assert.equal(condition(h, 'Progressing'), 'True ReplicaSetUpdated');
  await h.clock.advance(15_000);
  await h.settle();
  assert.equal(condition(h, 'Progressing'), 'False ProgressDeadlineExceeded');
});

test('old ReplicaSets beyond the history limit go', async (t) => {
  const h = await rolledOut(t, deploymentObject('web', { spec: { revisionHistoryLimit: 1 } }));
  for (const image of ['example:2', 'example:3']) {
    await setImage(h, image);
    for (let i = 0; i < 4; i++) await makeReady(h);
  }
  assert.deepEqual(Object.keys(sizes(h)).toSorted(), ['example:2', 'example:3']);
});

test('a hash that another template has is avoided', async (t) => {
  const h = rollouts(t);
  const deployment = deploymentObject('web');
  const hash = templateHash(deployment.spec.template, undefined);
  h.api.seed(deployment);
  h.api.seed(replicaSetObject(`web-${hash}`));
  await h.start();
  assert.equal(web(h).status?.collisionCount, 1);
  assert.equal(h.api.objects<ReplicaSet>('replicasets').length, 2);
});

test('a ReplicaSet that matches and has no owner is adopted', async (t) => {
  const h = rollouts(t);
  const { template } = deploymentObject('web').spec;
  h.api.seed(
    replicaSetObject('web-old', {
      metadata: { labels: { app: 'web' } },
      spec: { replicas: 3, template, selector: { matchLabels: { app: 'web' } } },
    }),
  );
  h.api.seed(deploymentObject('web'));
  await h.start();
  const [replicaSet, ...others] = h.api.objects<ReplicaSet>('replicasets');
  assert.equal(others.length, 0);
  assert.equal(replicaSet?.metadata.ownerReferences?.[0]?.uid, web(h).metadata.uid);
});

test('surge is rounded up, unavailable down, and both zero becomes one missing', () => {
  const cases: [number, string | number, string | number, number, number][] = [
    [3, '25%', '25%', 1, 0],
    [10, '25%', '25%', 3, 2],
    [1, '25%', '25%', 1, 0],
    [2, 0, '1%', 0, 1],
    [0, '25%', '25%', 0, 0],
    [2, 1, 5, 1, 2],
  ];
  for (const [replicas, surge, unavailable, wantSurge, wantUnavailable] of cases) {
    const strategy = {
      type: 'RollingUpdate' as const,
      rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable },
    };
    const deployment = deploymentObject('web', { spec: { replicas, strategy } });
    assert.deepEqual([maxSurge(deployment), maxUnavailable(deployment)], [wantSurge, wantUnavailable]);
  }
});

test('scaling amid a rollout is spread by size', () => {
  const deployment = deploymentObject('web', {
    spec: { replicas: 20, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
  });
  const of = (name: string, replicas: number) =>
    replicaSetObject(name, {
      metadata: {
        annotations: { 'deployment.kubernetes.io/max-replicas': '10' },
        creationTimestamp: `2026-01-01T00:00:0${replicas}Z`,
      },
      spec: { replicas },
    });
  const active = [of('old', 8), of('new', 2)];
  const result = [...proportionalSizes(deployment, active)].map(([r, size]) => [r.metadata.name, size]);
  assert.deepEqual(result, [
    ['old', 16],
    ['new', 4],
  ]);
});

test('annotations of the Deployment go to its ReplicaSet, its own ones do not', () => {
  const deployment = deploymentObject('web', {
    metadata: {
      annotations: { 'kubernetes.io/change-cause': 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
  });
  assert.deepEqual(newReplicaSetAnnotations(deployment, { [REVISION]: '1' }, 4), {
    'kubernetes.io/change-cause': 'x',
    [REVISION]: '4',
    [REVISION_HISTORY]: '1',
  });
});

test('the hash of a template does not depend on the order of its fields', () => {
  const spec = { containers: [{ name: 'a', image: 'b' }] };
  const one = templateHash({ metadata: { labels: { a: '1', b: '2' } }, spec }, undefined);
  const other = templateHash({ spec, metadata: { labels: { b: '2', a: '1' } } }, undefined);
  assert.equal(one, other);
  assert.notEqual(one, templateHash({ spec }, 1));
});
