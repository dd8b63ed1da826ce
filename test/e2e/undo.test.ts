// Break a Deployment, find who did it, undo it; delete a namespace, bring it back, its pods running: with real containers.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunError } from '../../src/exec.ts';
import { type Cluster, createCluster } from './cluster.ts';

const IMAGE = 'busybox:1.36';
const COMMAND = 'trap exit TERM; while true; do sleep 1 & wait $!; done';
const AS_MALLORY = ['--as=mallory', '--as-group=system:masters'];

const deployment = (name: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 2
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${IMAGE}
          imagePullPolicy: Never
          command: [sh, -c, '${COMMAND}']
          envFrom: [{ configMapRef: { name: settings, optional: true } }]
`;

const SHOP = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: robot }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: robots-view }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
subjects: [{ kind: ServiceAccount, name: robot }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { COLOUR: red }
---
apiVersion: v1
kind: Secret
metadata: { name: password }
stringData: { word: hush }
---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { type: NodePort, selector: { app: api }, ports: [{ port: 80 }] }
---
apiVersion: example.com/v1
kind: Widget
metadata: { name: wheel }
spec: { size: 3 }
---
${deployment('api')}`;

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: widgets, singular: widget, kind: Widget, listKind: WidgetList }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;

describe('undo', () => {
  let cluster: Cluster;
  let kubectl: Cluster['kubectl'];
  before(async () => {
    cluster = await createCluster();
    await cluster.start();
    kubectl = cluster.kubectl;
  });
  after(() => cluster.remove());

  const tsukube = (...args: string[]) =>
    cluster.tsukube(...args, `--kubeconfig=${path.join(cluster.folder, 'kubeconfig')}`).then(({ stdout }) => stdout);
  const rolledOut = (name: string, ...args: string[]) =>
    kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s', ...args);

  test('a broken Deployment: who did it, what it was, and it is rolled out again', async () => {
    await kubectl.withInput(deployment('web'), 'apply', '-f', '-');
    await rolledOut('web');
    await kubectl('set', 'image', 'deployment/web', 'main=example.invalid/oops:1', ...AS_MALLORY);
    const culprit = (await tsukube('history', 'deploy', 'web')).split('\n').find((line) => line.includes('mallory'));
    assert.match(
      culprit as string,
      /mallory +kubectl-set +patch +\.spec\.template\.spec\.containers\[name=main\]\.image: busybox:1\.36 → example\.invalid\/oops:1/,
    );
    assert.match(await tsukube('blame', 'deploy/web'), /mallory \(kubectl-set\) +│ +image: example\.invalid\/oops:1/);
    const differs = await tsukube('diff', 'deploy/web').then(
      () => assert.fail('it differs'),
      (error: unknown) => error as RunError,
    );
    assert.ok(differs instanceof RunError && differs.exitCode === 1);
    assert.match(differs.output, /^- +image: busybox:1\.36\n\+ +image: example\.invalid\/oops:1$/m);
    assert.match(await tsukube('timeline', 'default'), /mallory \(kubectl-set\) +deployment\/web/);
    assert.match(await tsukube('undo', 'deploy', 'web', '--yes'), /^deployment\.apps\/web in default updated$/m);
    await rolledOut('web');
    assert.equal(await kubectl('get', 'deploy', 'web', '-o', 'jsonpath={..image}'), IMAGE);
  });

  test('a deleted Deployment comes back with its rollout history, its pods run', async () => {
    await kubectl('delete', 'deployment', 'web', ...AS_MALLORY);
    // The collector deletes what it owned; nothing is left of the pods when all of it is done.
    await kubectl('wait', '--for=delete', 'pod,rs', '-l', 'app=web', '--timeout=60s');
    await tsukube('undo', 'deploy', 'web', '--yes');
    await rolledOut('web');
    const { items } = await kubectl.json<{ items: unknown[] }>('get', 'rs', '-l', 'app=web');
    assert.equal(items.length, 2);
    assert.match(await kubectl('rollout', 'history', 'deployment/web'), /\n\d+ +<none>\n\d+ +<none>\n/);
    await kubectl('delete', 'deployment', 'web');
  });

  test('a deleted namespace comes back with all that was in it, its pods run', async () => {
    await kubectl.withInput(DEFINITION, 'apply', '-f', '-');
    await kubectl('wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=30s');
    await kubectl('create', 'namespace', 'shop');
    await kubectl.withInput(SHOP, 'apply', '-n', 'shop', '-f', '-');
    await rolledOut('api', '-n', 'shop');
    const service = [
      'get',
      'service',
      'api',
      '-n',
      'shop',
      '-o',
      'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}',
    ];
    const addresses = await kubectl(...service);
    await kubectl('delete', 'namespace', 'shop', ...AS_MALLORY);
    assert.match(await tsukube('undo', 'namespace', 'shop', '--dry-run'), /deleted by mallory/);
    const done = await tsukube('undo', 'namespace', 'shop', '--yes');
    for (const part of ['namespace/shop', 'serviceaccount/robot', 'secret/password', 'widget.example.com/wheel']) {
      assert.match(done, new RegExp(`^${part.replaceAll('.', '\\.')}( in shop)? created$`, 'm'));
    }
    await rolledOut('api', '-n', 'shop');
    assert.equal(await kubectl(...service), addresses);
    assert.equal(await kubectl('get', 'widget', 'wheel', '-n', 'shop', '-o', 'jsonpath={.spec.size}'), '3');
    assert.equal(await kubectl('get', 'secret', 'password', '-n', 'shop', '-o', 'jsonpath={.data.word}'), 'aHVzaA==');
    assert.equal(
      await kubectl('auth', 'can-i', 'get', 'pods', '-n', 'shop', '--as=system:serviceaccount:shop:robot'),
      'yes\n',
    );
    assert.equal((await kubectl('exec', 'deploy/api', '-n', 'shop', '--', 'sh', '-c', 'echo $COLOUR')).trim(), 'red');
  });

  test('all that somebody changed in a span goes back together', async () => {
    const since = new Date().toISOString();
    await kubectl('scale', 'deployment/api', '--replicas=0', '-n', 'shop', ...AS_MALLORY);
    await kubectl('delete', 'configmap', 'settings', '-n', 'shop', ...AS_MALLORY);
    await kubectl('create', 'configmap', 'planted', '-n', 'shop', ...AS_MALLORY);
    await tsukube('undo', '--user', 'mallory', '--from', since, '--yes');
    await rolledOut('api', '-n', 'shop');
    const names = await kubectl('get', 'cm', '-n', 'shop', '-o', 'name');
    assert.equal(names, 'configmap/kube-root-ca.crt\nconfigmap/settings\n');
    await kubectl('delete', 'namespace', 'shop');
  });
});
