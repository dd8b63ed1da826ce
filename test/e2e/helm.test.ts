// helm against a real cluster: a release through its whole life.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunError, run } from '../../src/exec.ts';
import { toolPath } from '../support/kubectl.ts';
import { type Cluster, createCluster } from './cluster.ts';

const FILES = {
  'Chart.yaml': `
apiVersion: v2
name: greeter
version: 0.1.0
appVersion: "1"
`,
  'values.yaml': `
replicas: 1
greeting: hello
image: busybox:1.36
`,
  'templates/configmap.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }} }
data: { index.html: {{ .Values.greeting | quote }} }
`,
  'templates/service.yaml': `
apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }} }
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80, targetPort: 8080 }]
`,
  'templates/deployment.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
      annotations: { greeting: {{ .Values.greeting | quote }} }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: {{ .Values.image }}
          command: [sh, -c, 'trap exit TERM; httpd -f -p 8080 -h /www & wait $!']
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
          volumeMounts: [{ name: www, mountPath: /www }]
      volumes: [{ name: www, configMap: { name: {{ .Release.Name }} } }]
`,
} as const;

interface Revision {
  revision: number;
  status: string;
  description: string;
}

describe('helm', () => {
  let cluster: Cluster;
  let chart: string;
  let program: string;
  before(async () => {
    program = await toolPath('helm');
    cluster = await createCluster();
    chart = path.join(cluster.folder, 'greeter');
    mkdirSync(path.join(chart, 'templates'), { recursive: true });
    for (const [name, content] of Object.entries(FILES)) writeFileSync(path.join(chart, name), content);
    await cluster.start();
  });
  after(() => cluster.remove());

  const helm = async (...args: string[]): Promise<string> => {
    const { stdout } = await run([program, ...args], { env: cluster.kubectl.env, timeout: 90_000 });
    return stdout;
  };
  const history = async (): Promise<Revision[]> => JSON.parse(await helm('history', 'hi', '-o', 'json'));
  const greeting = () => cluster.kubectl('get', 'configmap', 'hi', '-o', 'jsonpath={.data.index\\.html}');
  const replicas = () => cluster.kubectl('get', 'deployment', 'hi', '-o', 'jsonpath={.status.readyReplicas}');

  test('install waits until all is ready', async () => {
    assert.match(await helm('install', 'hi', chart, '--wait', '--timeout=60s'), /STATUS: deployed/);
    assert.equal(await replicas(), '1');
    assert.equal(await greeting(), 'hello');
  });

  test('a second install of the name is refused', async () => {
    await assert.rejects(helm('install', 'hi', chart), (error: RunError) => {
      assert.ok(error instanceof RunError);
      assert.match(error.output, /cannot re-?use a name that is still in use/);
      return true;
    });
  });

  test('list and status tell of the release', async () => {
    const [release, ...others] = JSON.parse(await helm('list', '-A', '-o', 'json'));
    assert.equal(others.length, 0);
    assert.equal(release.name, 'hi');
    assert.equal(release.status, 'deployed');
    assert.equal(release.chart, 'greeter-0.1.0');
    assert.match(await helm('status', 'hi'), /STATUS: deployed[\s\S]*Deployment[\s\S]*hi +1\/1/);
  });

  test('upgrade changes what differs', async () => {
    const changes = ['--set', 'replicas=2,greeting=good morning'];
    assert.match(await helm('upgrade', 'hi', chart, ...changes, '--wait', '--timeout=60s'), /REVISION: 2/);
    assert.equal(await replicas(), '2');
    assert.equal(await greeting(), 'good morning');
  });

  test('an upgrade that the API refuses leaves a failed revision', async () => {
    await assert.rejects(helm('upgrade', 'hi', chart, '--set', 'replicas=-1'), /must be greater than or equal to 0/);
    assert.deepEqual(
      (await history()).map(({ revision, status }) => [revision, status]),
      [
        [1, 'superseded'],
        [2, 'deployed'],
        [3, 'failed'],
      ],
    );
  });

  test('rollback brings the first revision back', async () => {
    assert.match(await helm('rollback', 'hi', '1', '--wait', '--timeout=60s'), /Rollback was a success/);
    assert.equal(await greeting(), 'hello');
    assert.equal(await replicas(), '1');
    const last = (await history()).at(-1);
    assert.equal(last?.status, 'deployed');
    assert.equal(last?.description, 'Rollback to 1');
  });

  test('test of a release without tests succeeds', async () => {
    assert.match(await helm('test', 'hi'), /STATUS: deployed/);
  });

  test('uninstall leaves nothing', async () => {
    assert.match(await helm('uninstall', 'hi', '--wait', '--timeout=60s'), /release "hi" uninstalled/);
    assert.deepEqual(JSON.parse(await helm('list', '-A', '-o', 'json')), []);
    const left = await cluster.kubectl('get', 'deployment,service,configmap,secret', '-o', 'name');
    assert.doesNotMatch(left, /\/(hi|sh\.helm)/);
  });
});
