// kubectl's verbs against a real cluster, each as a user would call it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunError, run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { kubernetes.io/change-cause: first } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: busybox:1.36
          command: [sh, -c, 'trap exit TERM; i=0; while true; do i=$((i+1)); echo tick $i; sleep 1 & wait $!; done']
          ports: [{ containerPort: 8080 }]
`;

describe('kubectl', () => {
  let cluster: Cluster;
  let folder: string;
  let kubectl: Cluster['kubectl'];
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tsk-files-'));
    cluster = await createCluster();
    await cluster.start();
    kubectl = cluster.kubectl;
    await kubectl.withInput(DEPLOYMENT, 'apply', '-f', '-');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await cluster.remove();
  });
  const aPod = async () => {
    const { items } = await kubectl.json<{ items: { metadata: { name: string } }[] }>(
      'get',
      'pods',
      '-l',
      'app=web',
      '--field-selector=status.phase=Running',
    );
    return items[0]?.metadata.name as string;
  };
  const failure = async (...args: string[]): Promise<RunError> => {
    const error = await kubectl(...args).then(
      () => undefined,
      (e: unknown) => e,
    );
    assert.ok(error instanceof RunError, `kubectl ${args.join(' ')} should have failed`);
    return error;
  };

  test('get prints upstream’s columns', async () => {
    assert.match(await kubectl('get', 'deployments'), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +/);
    assert.match(await kubectl('get', 'pods'), /^NAME +READY +STATUS +RESTARTS +AGE\nweb-\S+ +1\/1 +Running +0 +/);
    assert.match(
      await kubectl('get', 'nodes'),
      /^NAME +STATUS +ROLES +AGE +VERSION\n\S+ +Ready +\S+ +\S+ +v1\.36\.3\+tsukube/,
    );
    assert.match(await kubectl('get', 'all'), /service\/kubernetes/);
    assert.match(await kubectl('get', 'nodes', '-o', 'wide'), / containerd:\/\/\d\S*\n$/);
  });

  test('describe shows conditions and events', async () => {
    const text = await kubectl('describe', 'deployment', 'web');
    assert.match(text, /Available +True +MinimumReplicasAvailable/);
    assert.match(text, /Scaled up replica set web-\S+ from 0 to 2/);
    const pod = await kubectl('describe', 'pod', await aPod());
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started'])
      assert.match(pod, new RegExp(`Normal +${reason} `));
  });

  test('logs, whole, cut and followed', async () => {
    const pod = await aPod();
    await eventually('two ticks', async () => (await kubectl('logs', pod)).includes('tick 2'));
    assert.equal((await kubectl('logs', pod, '--tail=1')).trim().split('\n').length, 1);
    assert.match(await kubectl('logs', pod, '--timestamps', '--tail=1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z tick \d+\n$/);
    const child = spawn([kubectl.path, 'logs', '-f', pod, '--tail=0'], { env: kubectl.env });
    let followed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      followed += chunk.toString();
    });
    await eventually('two new ticks', () => followed.split('\n').length > 2);
    child.kill();
  });

  test('exec passes output, input and the exit code', async () => {
    const pod = await aPod();
    assert.equal(await kubectl('exec', pod, '--', 'echo', 'hi'), 'hi\n');
    assert.equal((await kubectl.withInput('typed', 'exec', '-i', pod, '--', 'cat')).stdout, 'typed');
    assert.equal((await failure('exec', pod, '--', 'sh', '-c', 'exit 7')).exitCode, 7);
    assert.match(
      (await failure('exec', pod, '--', 'no-such-program')).output,
      /^error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "[0-9a-f]+": OCI runtime exec failed: exec failed: unable to start container process: exec: "no-such-program": executable file not found in \$PATH: unknown\s*$/,
    );
  });

  test('exec -it gives a terminal', async () => {
    const command = `'${kubectl.path}' exec -it ${await aPod()} -- sh -c 'test -t 0 && stty size && echo terminal'`;
    const { stdout } = await run(['script', '-qec', command, '/dev/null'], {
      env: kubectl.env,
      timeout: 20_000,
      input: '',
    });
    assert.match(stdout, /terminal/);
  });

  test('cp in both directions', async () => {
    const pod = await aPod();
    const there = path.join(folder, 'there');
    const back = path.join(folder, 'back');
    writeFileSync(there, 'x'.repeat(300_000));
    await kubectl('cp', there, `${pod}:/tmp/copied`);
    await kubectl('cp', `${pod}:/tmp/copied`, back);
    assert.equal(readFileSync(back, 'utf8'), 'x'.repeat(300_000));
  });

  test('port-forward reaches a port in the pod', async () => {
    const pod = await aPod();
    await kubectl(
      'exec',
      pod,
      '--',
      'sh',
      '-c',
      'mkdir -p /www && echo page > /www/index.html && httpd -p 8080 -h /www',
    );
    const child = spawn([kubectl.path, 'port-forward', `pod/${pod}`, ':8080'], { env: kubectl.env });
    let told = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    try {
      const port = await eventually('the local port', () => /127\.0\.0\.1:(\d+)/.exec(told)?.[1]);
      const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5_000) });
      assert.equal(await answer.text(), 'page\n');
    } finally {
      child.kill();
    }
  });

  test('scale up and down', async () => {
    await kubectl('scale', 'deployment/web', '--replicas=4');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
    assert.match(await kubectl('get', 'deployment', 'web'), /4\/4/);
    await kubectl('scale', 'deployment/web', '--replicas=2');
    await eventually(
      'two pods',
      async () => (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n').length === 2,
      { timeoutMs: 20_000 },
    );
  });

  test('rollouts: new image, history, undo, restart', async () => {
    await kubectl('set', 'image', 'deployment/web', 'main=busybox:stable');
    await kubectl('annotate', 'deployment/web', 'kubernetes.io/change-cause=second', '--overwrite');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=40s');
    const image = async () =>
      await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
    assert.equal(await image(), 'busybox:stable');
    assert.match(await kubectl('rollout', 'history', 'deployment/web'), /1 +first\n2 +second/);
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=40s');
    assert.equal(await image(), 'busybox:1.36');
    const before = await aPod();
    await kubectl('rollout', 'restart', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=40s');
    await eventually('another pod', async () => (await aPod()) !== before, { timeoutMs: 20_000 });
  });

  test('label, annotate, patch in three ways, edit', async () => {
    await kubectl('label', 'deployment/web', 'tier=front');
    await kubectl('annotate', 'deployment/web', 'note=here');
    await kubectl(
      'patch',
      'deployment/web',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/metadata/labels/json","value":"yes"}]',
    );
    await kubectl('patch', 'deployment/web', '--type=merge', '-p', '{"metadata":{"labels":{"merge":"yes"}}}');
    await kubectl(
      'patch',
      'deployment/web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"b"}]}]}}}}',
    );
    const editor = path.join(folder, 'editor');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/tier: front/tier: edited/" "$1"\n', { mode: 0o755 });
    await run([kubectl.path, 'edit', 'deployment/web'], { env: { ...kubectl.env, KUBE_EDITOR: editor } });
    const { metadata, spec } = await kubectl.json<{
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: { template: { spec: { containers: { image: string; env: unknown[] }[] } } };
    }>('get', 'deployment', 'web');
    assert.deepEqual(metadata.labels, { tier: 'edited', json: 'yes', merge: 'yes' });
    assert.equal(metadata.annotations.note, 'here');
    assert.deepEqual(spec.template.spec.containers[0]?.env, [{ name: 'A', value: 'b' }]);
    assert.equal(spec.template.spec.containers[0]?.image, 'busybox:1.36');
  });

  test('expose, and the Service has endpoints', async () => {
    await kubectl('expose', 'deployment/web', '--port=80', '--target-port=8080');
    await eventually('endpoints', async () =>
      /10\.\d+\.\d+\.\d+:8080|8080/.test(
        await kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web'),
      ),
    );
  });

  test('diff tells what apply would change and changes nothing', async () => {
    const changed = DEPLOYMENT.replace('replicas: 2', 'replicas: 3');
    const error = await kubectl.withInput(changed, 'diff', '-f', '-').then(
      () => undefined,
      (e: RunError) => e,
    );
    assert.equal(error?.exitCode, 1);
    assert.match(error?.output ?? '', /^-\s+replicas: 2\n\+\s+replicas: 3$/m);
    assert.equal(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'), '2');
  });

  test('server-side apply takes fields over only by force', async () => {
    const mine = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\ndata: { a: mine }\n';
    await kubectl.withInput(mine, 'apply', '--server-side', '--field-manager=one', '-f', '-');
    const yours = mine.replace('mine }', 'yours }');
    const error = await kubectl.withInput(yours, 'apply', '--server-side', '--field-manager=two', '-f', '-').then(
      () => undefined,
      (e: RunError) => e,
    );
    assert.match(error?.output ?? '', /conflict with "one".*\.data\.a/s);
    await kubectl.withInput(yours, 'apply', '--server-side', '--field-manager=two', '--force-conflicts', '-f', '-');
    assert.equal(await kubectl('get', 'configmap', 'shared', '-o', 'jsonpath={.data.a}'), 'yours');
  });

  test('explain, api-resources, events, auth, top level help of the API', async () => {
    assert.match(await kubectl('explain', 'deployment.spec.strategy'), /rollingUpdate/);
    assert.match(
      await kubectl('api-resources', '--api-group=apps'),
      /^deployments +deploy +apps\/v1 +true +Deployment$/m,
    );
    assert.match(await kubectl('get', 'events'), /ScalingReplicaSet/);
    assert.match(await kubectl('events', '--for=deployment/web'), /ScalingReplicaSet/);
    assert.equal(await kubectl('auth', 'can-i', 'create', 'pods'), 'yes\n');
    assert.match(
      (await failure('auth', 'can-i', 'list', 'secrets', '--as=system:serviceaccount:default:default')).output,
      /^no/,
    );
    assert.match(await kubectl('version'), /Server Version: v1\.36\.3/);
  });

  test('what is wrong is told as upstream tells it', async () => {
    assert.match(
      (await failure('get', 'pod', 'nobody')).output,
      /Error from server \(NotFound\): pods "nobody" not found/,
    );
    assert.match(
      (await failure('create', 'configmap', 'Bad_Name')).output,
      /a lowercase RFC 1123 subdomain must consist of/,
    );
    const typo = await kubectl
      .withInput('apiVersion: v1\nkind: ConfigMap\nmetadata: { name: typo }\ndatta: {}\n', 'apply', '-f', '-')
      .then(
        () => undefined,
        (e: RunError) => e,
      );
    assert.match(typo?.output ?? '', /unknown field "datta"/);
    assert.match(
      (await failure('get', 'secrets', '--as=nobody')).output,
      /secrets is forbidden: User "nobody" cannot list resource "secrets" in API group "" in the namespace "default"/,
    );
  });

  test('a pod that cannot be scheduled says why', async () => {
    await kubectl(
      'run',
      'huge',
      '--image=busybox:1.36',
      '--overrides={"spec":{"containers":[{"name":"huge","image":"busybox:1.36","resources":{"requests":{"cpu":"900"}}}]}}',
    );
    await eventually('the event', async () =>
      /0\/1 nodes are available: 1 Insufficient cpu/.test(await kubectl('describe', 'pod', 'huge')),
    );
    await kubectl('delete', 'pod', 'huge');
  });

  test('an image that cannot be had ends in ImagePullBackOff', async () => {
    await kubectl('run', 'absent', '--image=localhost:1/absent:1');
    await eventually(
      'the state',
      async () => /ErrImagePull|ImagePullBackOff/.test(await kubectl('get', 'pod', 'absent')),
      { timeoutMs: 30_000 },
    );
    await kubectl('delete', 'pod', 'absent', '--now');
  });

  test('a crashing container is restarted with back-off, and its last words are kept', async () => {
    await kubectl('run', 'crash', '--image=busybox:1.36', '--', 'sh', '-c', 'echo last words; exit 3');
    await eventually('back-off', async () => /CrashLoopBackOff/.test(await kubectl('get', 'pod', 'crash')), {
      timeoutMs: 30_000,
    });
    assert.match(await kubectl('logs', 'crash', '--previous'), /last words/);
    assert.match(await kubectl('describe', 'pod', 'crash'), /Exit Code: +3/);
    await kubectl('delete', 'pod', 'crash', '--now');
  });

  test('a namespace goes with everything in it', async () => {
    await kubectl('create', 'namespace', 'short');
    await kubectl(
      '-n',
      'short',
      'run',
      'a',
      '--image=busybox:1.36',
      '--',
      'sh',
      '-c',
      'trap exit TERM; sleep 1000 & wait',
    );
    await kubectl('-n', 'short', 'wait', '--for=condition=Ready', 'pod/a', '--timeout=20s');
    await kubectl('delete', 'namespace', 'short', '--timeout=60s');
    await failure('get', 'namespace', 'short');
  });
});
