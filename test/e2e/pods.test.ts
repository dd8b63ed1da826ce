// Pods on real containers. All manifests of testdata/pods are applied at once; most containers print what they see,
// and each test reads what became of its pod.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ContainerStatus, Pod } from '../../src/api/types/core/v1.ts';
import type { EndpointSliceList } from '../../src/api/types/discovery/v1.ts';
import { RunError, run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type FollowedPods, followPods } from './follow-pods.ts';

const MANIFESTS = path.join(import.meta.dirname, 'testdata/pods');

describe('pods', { timeout: 180_000 }, () => {
  let cluster: Cluster;
  let kubectl: Cluster['kubectl'];
  let pods: FollowedPods;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tsk-pods-'));
    writeFileSync(path.join(folder, 'file'), 'from the host');
    cluster = await createCluster();
    await cluster.start();
    kubectl = cluster.kubectl;
    pods = followPods(kubectl);
    const files = globSync('*.yaml', { cwd: MANIFESTS }).map((file) =>
      readFileSync(path.join(MANIFESTS, file), 'utf8'),
    );
    await kubectl.withInput(files.join('---\n').replaceAll('HOST_FOLDER', folder), 'apply', '-f', '-');
  });
  after(async () => {
    pods?.stop();
    await cluster.remove();
    rmSync(folder, { recursive: true });
  });

  const ended = (name: string) => pods.when(name, 'ended', (p) => /Succeeded|Failed/.test(p.status?.phase ?? '') && p);
  const running = (name: string) => pods.when(name, 'ready', (p) => isReady(p) && p);
  const logs = async (name: string, container = 'main') => await kubectl('logs', name, '-c', container);
  const lines = async (name: string, container?: string) => (await logs(name, container)).trim().split('\n');
  /** A log may be written a moment after the end of its container is told. */
  const prints = (name: string, container: string, expected: readonly string[]) =>
    eventually(`the output of ${name}`, async () => {
      assert.deepEqual(await lines(name, container), expected);
      return true;
    });
  const get = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();

  describe('start and end', () => {
    test('init containers and a sidecar come one after the other, and the sidecar ends last', async () => {
      const pod = await ended('init-order');
      assert.equal(pod.status?.phase, 'Succeeded');
      await prints('init-order', 'main', ['first', 'sidecar', 'second', 'main']);
      await eventually('the last words of the sidecar', async () =>
        /sidecar ends/.test(await logs('init-order', 'sidecar')),
      );
      assert.equal(stateOf(pod, 'sidecar').restartCount, 0);
    });

    test('an init container that fails ends the pod, or is tried again by restartPolicy', async () => {
      const failed = await ended('init-fails');
      assert.equal(failed.status?.phase, 'Failed');
      assert.equal(stateOf(failed, 'first').state?.terminated?.exitCode, 4);
      assert.equal(stateOf(failed, 'main').state?.waiting?.reason, 'PodInitializing');
      const retried = await ended('init-retries');
      assert.equal(retried.status?.phase, 'Succeeded');
      assert.equal(stateOf(retried, 'first').restartCount, 1);
    });

    test('the phase and the last words of a pod that ended', async () => {
      const well = await ended('ends-well');
      assert.equal(well.status?.phase, 'Succeeded');
      assert.equal(stateOf(well, 'main').state?.terminated?.message, 'bye');
      assert.equal(stateOf(well, 'main').state?.terminated?.reason, 'Completed');
      const badly = await ended('ends-badly');
      assert.equal(badly.status?.phase, 'Failed');
      const { exitCode, reason, message } = stateOf(badly, 'main').state?.terminated ?? {};
      assert.deepEqual({ exitCode, reason, message }, { exitCode: 7, reason: 'Error', message: 'last words\n' });
    });

    test('a pod that is active for too long fails', async () => {
      const pod = await ended('too-long');
      assert.deepEqual([pod.status?.phase, pod.status?.reason], ['Failed', 'DeadlineExceeded']);
    });

    test('hooks run, and a pod that does not listen is killed after its grace', async () => {
      await Promise.all([running('hooks'), running('stubborn')]);
      const started = performance.now();
      await kubectl('delete', 'pod', 'hooks', 'stubborn', '--timeout=30s');
      const seconds = (performance.now() - started) / 1000;
      assert.ok(seconds >= 2 && seconds < 8, `deleted after ${seconds} s`);
      assert.equal(readFileSync(path.join(folder, 'hooks/told'), 'utf8'), 'postStart\npreStop\nterm\n');
    });
  });

  describe('environment and volumes', () => {
    test('variables come from maps, secrets, fields and resources', async () => {
      const pod = await ended('environment');
      await prints('environment', 'main', [
        'T_CPU=250',
        `T_IP=${pod.status?.podIP}`,
        'T_JOINED=environment/round',
        'T_KEY=round',
        'T_LABEL=front',
        'T_MEMORY=32',
        'T_NAME=environment',
        'T_PASSWORD=hush',
        'T_SOURCE=api',
        'T_color=blue',
        'T_shape=round',
      ]);
    });

    test('volumes of every kind hold what they should', async () => {
      await ended('volumes');
      await prints('volumes', 'main', [
        'disk 777',
        'memory tmpfs 1024',
        'file from the host',
        'config blue 440 400',
        'config only deep raw',
        'one blue',
        'secret hush tmpfs',
        'facts tier="front" 33554432',
        'all name password shape token round',
        'sub a',
        "sh: can't create /config/x: Read-only file system",
        "sh: can't create /locked/x: Read-only file system",
      ]);
      assert.equal(readFileSync(path.join(folder, 'made/written'), 'utf8'), 'folder\n');
    });

    test('a path of the host that is something else keeps the pod waiting, with an event', async () => {
      await eventually('the event', async () =>
        /hostPath type check failed: \S+ is not a file/.test(await kubectl('events', '--for=pod/wrong-type')),
      );
      assert.equal(pods.get('wrong-type')?.status?.phase, 'Pending');
    });

    test('the token of a pod is good for the API', async () => {
      await running('token');
      const place = '/var/run/secrets/kubernetes.io/serviceaccount';
      const read = (file: string) => kubectl('exec', 'token', '--', 'cat', `${place}/${file}`);
      assert.equal(await read('namespace'), 'default');
      const authority = path.join(folder, 'ca.crt');
      writeFileSync(authority, await read('ca.crt'));
      const server = await kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}');
      const headers = ['-H', `Authorization: Bearer ${await read('token')}`];
      const { stdout } = await run(['curl', '-s', '--cacert', authority, ...headers, `${server}/api/v1/pods`]);
      assert.match(stdout, /User \\"system:serviceaccount:default:default\\" cannot list resource \\"pods\\"/);
    });
  });

  describe('security and resources', () => {
    test('user, groups and a read-only root', async () => {
      assert.equal((await ended('user')).status?.phase, 'Succeeded');
      await prints('user', 'main', [
        'ids 1000 3000 3000 2000 4000',
        'file 1000:2000',
        'touch: /x: Read-only file system',
        'privileges 1',
      ]);
    });

    test('capabilities dropped and added, and all of them', async () => {
      await ended('capabilities');
      await prints('capabilities', 'dropped', ['CapEff:\t0000000000000400']);
      assert.match(await logs('capabilities', 'added'), /mtu 1400/);
      await prints('capabilities', 'privileged', ['mounted', '/dev/kmsg']);
    });

    test('an image that runs as root is refused where that is forbidden', async () => {
      const pod = await pods.when(
        'non-root',
        'refused',
        (p) => stateOf(p, 'main').state?.waiting?.message !== undefined && p,
      );
      const { reason, message } = stateOf(pod, 'main').state?.waiting ?? {};
      assert.equal(reason, 'CreateContainerConfigError');
      assert.match(message ?? '', /container has runAsNonRoot and image will run as root/);
    });

    test('a container over its memory is killed for it, and one has its share of the processor', async () => {
      const pod = await ended('limits');
      const { reason, exitCode } = stateOf(pod, 'hungry').state?.terminated ?? {};
      assert.deepEqual({ reason, exitCode }, { reason: 'OOMKilled', exitCode: 137 });
      assert.match(await logs('limits', 'slow'), /^30000\b/);
    });

    test('containers of one pod share network, IPC and, when asked, processes', async () => {
      await running('shared');
      const exec = (...command: string[]) => kubectl('exec', 'shared', '-c', 'two', '--', ...command);
      assert.equal(await exec('wget', '-qO-', 'http://127.0.0.1:8081/'), 'from one\n');
      assert.match(await exec('ps'), /sleep 1234/);
      const [ipc = '', name] = await lines('shared', 'two');
      await prints('shared', 'one', [ipc]);
      assert.equal(name, 'shared-host');
    });
  });

  describe('probes and network', () => {
    const addresses = async () => {
      const slices = await kubectl.json<EndpointSliceList>(
        'get',
        'endpointslices',
        '-l',
        'kubernetes.io/service-name=gated',
      );
      return slices.items
        .flatMap((s) => s.endpoints ?? [])
        .map((e) => ({ ip: e.addresses[0], ready: e.conditions?.ready }));
    };

    test('a Service has a pod only while it is ready', async () => {
      const pod = await pods.when('gated', 'started', (p) => stateOf(p, 'main').started && p);
      const ip = pod.status?.podIP;
      assert.ok(!isReady(pod));
      await eventually('the address, not ready', async () => (await addresses()).some((a) => a.ip === ip && !a.ready));
      await kubectl('exec', 'gated', '--', 'touch', '/www/ready');
      await running('gated');
      await eventually('the address', async () => (await addresses()).some((a) => a.ip === ip && a.ready));
      const clusterIp = await kubectl('get', 'service', 'gated', '-o', 'jsonpath={.spec.clusterIP}');
      assert.equal(await eventually('an answer', () => get(`http://${clusterIp}/started`)), 'ok\n');
      await kubectl('exec', 'gated', '--', 'rm', '/www/ready');
      await pods.when('gated', 'not ready', (p) => !isReady(p));
      assert.equal(stateOf(pods.get('gated') as Pod, 'main').restartCount, 0);
    });

    test('a container that is sick is restarted', async () => {
      await running('sick');
      await kubectl('exec', 'sick', '--', 'rm', '/tmp/well');
      const pod = await pods.when('sick', 'restarted', (p) => stateOf(p, 'main').restartCount === 1 && isReady(p) && p);
      assert.equal(stateOf(pod, 'main').lastState?.terminated?.exitCode, 143);
      assert.match(await kubectl('events', '--for=pod/sick'), /Liveness probe failed: cat: .*No such file/);
    });

    test('a container that does not come up is restarted, and was never ready', async () => {
      await pods.when('never-up', 'restarted', (p) => (stateOf(p, 'main').restartCount ?? 0) > 0);
      assert.match(await kubectl('events', '--for=pod/never-up'), /Startup probe failed: dial tcp .*:9: .*refused/);
      assert.ok(!pods.seen('never-up').some(isReady));
    });

    test('the network of the host, and a port of the host', async () => {
      await ended('host-network');
      await prints('host-network', 'main', [hostname(), readlinkSync('/proc/self/ns/net')]);
      await running('host-port');
      assert.equal(await eventually('an answer', () => get('http://127.0.0.1:18080/')), 'by the host\n');
    });

    test('a pod with a subdomain has a name', async () => {
      const { status } = await running('named');
      await prints('named', 'main', ['alpha.group.default.svc.cluster.local']);
      const lookUp = (name: string) => kubectl('exec', 'token', '--', 'nslookup', name);
      await running('token');
      for (const name of ['alpha.group', 'group']) {
        const fullName = `${name}.default.svc.cluster.local`;
        const answer = await eventually('an answer', () => lookUp(fullName));
        assert.match(answer, new RegExp(`Address.*: ${status?.podIP}$`, 'm'));
      }
      await assert.rejects(lookUp('beta.group.default.svc.cluster.local'), RunError);
    });
  });

  describe('streams for clients that speak SPDY', () => {
    const env = { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false', KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
    const spdy = (args: string[], input = '') =>
      run([kubectl.path, ...args], { env: { ...kubectl.env, ...env }, timeout: 20_000, input });

    test('exec passes input and its end, both outputs and the exit code', async () => {
      await running('token');
      const script = 'cat; echo wrong >&2; exit 7';
      const error = await spdy(['exec', '-i', 'token', '--', 'sh', '-c', script], 'typed\n').then(
        () => undefined,
        (e: RunError) => e,
      );
      assert.equal(error?.exitCode, 7);
      assert.match(error?.output ?? '', /^typed\n(.*\n)*wrong\n/);
      const long = await spdy(['exec', 'token', '--', 'sh', '-c', 'yes | head -c 3000000']);
      assert.equal(long.stdout.length, 3_000_000);
    });

    test('attach passes what is typed', async () => {
      await running('listener');
      assert.equal((await spdy(['attach', '-i', 'listener'], 'typed\n')).stdout, 'typed\n');
      assert.equal((await ended('listener')).status?.phase, 'Succeeded');
    });

    for (const { what, settings } of [
      { what: 'over SPDY', settings: env },
      { what: 'over SPDY in a WebSocket', settings: {} },
    ]) {
      test(`port-forward ${what} carries connections at once and tells of a port that refuses`, async () => {
        await running('host-port');
        const child = spawn([kubectl.path, 'port-forward', 'pod/host-port', ':8080', ':9', '-v=4'], {
          env: { ...kubectl.env, ...settings },
        });
        let told = '';
        for (const output of [child.stdout, child.stderr]) {
          output?.on('data', (chunk: Buffer) => {
            told += chunk;
          });
        }
        try {
          const port = (to: number) =>
            eventually('the port', () => new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${to}`).exec(told)?.[1]);
          const url = `http://127.0.0.1:${await port(8080)}/`;
          const answers = await Promise.all(Array.from({ length: 20 }, () => get(url)));
          assert.deepEqual(new Set(answers), new Set(['by the host\n']));
          await assert.rejects(get(`http://127.0.0.1:${await port(9)}/`));
          await eventually('the error', () =>
            /error forwarding port 9 to pod default\/host-port: .*refused/i.test(told),
          );
          assert.doesNotMatch(told, /fallback to secondary dialer/);
        } finally {
          child.kill();
        }
      });
    }
  });
});

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

function stateOf(pod: Pod, container: string): Partial<ContainerStatus> {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container) ?? {};
}
