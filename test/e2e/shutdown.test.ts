// The machine goes down: told by a real D-Bus of the test's own, in logind's words and read by systemd's busctl. What only a logind has
// (its limit, its locks) is a script's.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const TELLS_ITS_END = `  terminationGracePeriodSeconds: 30
  volumes: [{ name: ends, hostPath: { path: ENDS } }]
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, 'trap "echo $HOSTNAME >> /ends/all; exit" TERM; while true; do sleep 0.1; done']
    volumeMounts: [{ name: ends, mountPath: /ends }]
`;

const PODS = `
apiVersion: v1
kind: Pod
metadata: { name: usual }
spec:
${TELLS_ITS_END}---
apiVersion: v1
kind: Pod
metadata: { name: critical, namespace: kube-system }
spec:
  priorityClassName: system-node-critical
${TELLS_ITS_END}---
apiVersion: v1
kind: Pod
metadata: { name: deaf }
spec:
  terminationGracePeriodSeconds: 30
  containers: [{ name: main, image: 'busybox:1.36', command: [sh, -c, 'trap "" TERM; while true; do sleep 0.1; done'] }]
`;

const BUS = (folder: string) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
  </policy>
</busconfig>
`;

const READY = 'jsonpath={range .items[0].status.conditions[?(@.type=="Ready")]}{.status} {.message}{end}';

const missing = ['dbus-daemon', 'dbus-send', 'busctl'].filter((name) => !existsSync(`/usr/bin/${name}`));

describe('a machine that goes down', {
  skip: missing.length > 0 ? `there is no ${missing.join(', ')}` : false,
  timeout: 180_000,
}, () => {
  const { PATH } = process.env;
  let folder: string;
  let bus: ReturnType<typeof spawn>;
  let cluster: Cluster;
  const place = (name: string) => path.join(folder, name);
  const lines = (name: string) => (existsSync(place(name)) ? readFileSync(place(name), 'utf8').trim().split('\n') : []);
  const script = (name: string, body: string) => {
    writeFileSync(place(name), `#!/bin/sh\n${body}\n`);
    chmodSync(place(name), 0o755);
  };
  const tell = (isActive: boolean) =>
    run([
      'dbus-send',
      '--system',
      '--type=signal',
      '/org/freedesktop/login1',
      'org.freedesktop.login1.Manager.PrepareForShutdown',
      `boolean:${isActive}`,
    ]);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tsk-bus-'));
    writeFileSync(place('bus.conf'), BUS(folder));
    script('busctl', 'case $1 in get-property) echo t 30000000 ;; *) exec /usr/bin/busctl "$@" ;; esac');
    script(
      'systemd-inhibit',
      `echo taken >>${folder}/locks; trap 'echo released >>${folder}/locks; exit' TERM; sleep 600 & wait`,
    );
    process.env.PATH = `${folder}:${PATH}`;
    process.env.DBUS_SYSTEM_BUS_ADDRESS = `unix:path=${folder}/bus`;
    bus = spawn(['dbus-daemon', `--config-file=${place('bus.conf')}`, '--nofork', '--nopidfile']);
    await eventually('the bus', () => existsSync(place('bus')));
    cluster = await createCluster(['--shutdown-grace-period=8s', '--shutdown-grace-period-critical-pods=4s']);
    await cluster.start();
    await cluster.kubectl.withInput(PODS.replaceAll('ENDS', folder), 'apply', '-f', '-');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '-A', '--timeout=60s');
  });
  after(async () => {
    try {
      await cluster?.remove();
    } finally {
      process.env.PATH = PATH;
      delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
      bus?.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const readiness = async () => (await cluster.kubectl('get', 'nodes', '-o', READY)).trim();

  test('ends its pods, critical ones last, within the time it has, takes no others, and lets it go on', async () => {
    const { kubectl } = cluster;
    await eventually('the lock', () => lines('locks').length === 1);
    await tell(true);
    await eventually('the node that is not ready', async () => (await readiness()) === 'False node is shutting down');
    await kubectl(
      'run',
      'late',
      '--image=busybox:1.36',
      '--overrides',
      JSON.stringify({ spec: { nodeName: await nodeName() } }),
    );
    await eventually('all ends', () => lines('locks').length === 2, { timeoutMs: 30_000 });
    assert.deepEqual(lines('locks'), ['taken', 'released']);
    assert.deepEqual(lines('all'), ['usual', 'critical']);
    for (const [name, namespace] of [
      ['usual', 'default'],
      ['deaf', 'default'],
      ['critical', 'kube-system'],
    ] as const) {
      const { status } = await kubectl.json<Pod>('get', 'pod', name, '-n', namespace);
      assert.deepEqual(
        [name, status?.phase, status?.reason, status?.message],
        [name, 'Failed', 'Terminated', 'Pod was terminated in response to imminent node shutdown.'],
      );
    }
    const late = await kubectl.json<Pod>('get', 'pod', 'late');
    assert.deepEqual(
      [late.status?.phase, late.status?.reason, late.status?.message],
      ['Failed', 'NodeShutdown', 'Pod was rejected: Pod was rejected as the node is shutting down.'],
    );
  });

  test('that stays up after all is ready again, and waits the next time too', async () => {
    await tell(false);
    await eventually('the node', async () => /^True/.test(await readiness()));
    await eventually('another lock', () => lines('locks').join(' ') === 'taken released taken');
  });

  const nodeName = async () =>
    (await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
});
