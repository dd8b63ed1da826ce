// What the runtime is asked for, for everything that a pod can say.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { podSandboxConfig, containerConfig as toContainer } from '../../../../src/kubelet/cri/grpc/to-cri.ts';
import type { ContainerConfig, SandboxConfig } from '../../../../src/kubelet/cri/runtime.ts';
import { containerConfig, sandboxConfig } from '../configs.ts';

const sandbox = (change: Partial<SandboxConfig> = {}) =>
  podSandboxConfig(sandboxConfig('pod', change), {
    logDirectory: '/logs',
    cgroupParent: '/tsk/poduid',
    instance: 'tsk',
  });
const container = (change: Partial<ContainerConfig> = {}, imageUser: { uid: number } | { name: string } = { uid: 0 }) =>
  toContainer(containerConfig('s1', 'main', change), {
    sandbox: sandbox(),
    host: { minOomScoreAdj: -500, accountsSwap: true },
    logPath: 'main/0.log',
    imageUser,
  });
const { security } = containerConfig('s1', 'main');

describe('a sandbox', () => {
  test('has its own network and IPC, and its containers their own processes', () => {
    const { linux, hostname } = sandbox();
    assert.deepEqual(linux?.securityContext?.namespaceOptions, { network: 'POD', pid: 'CONTAINER', ipc: 'POD' });
    assert.equal(linux?.cgroupParent, '/tsk/poduid');
    assert.equal(hostname, 'pod');
  });

  const cases: [string, Partial<SandboxConfig>, object][] = [
    ['the host’s', { network: undefined, hostPID: true, hostIPC: true }, { network: 'NODE', pid: 'NODE', ipc: 'NODE' }],
    ['shared processes', { shareProcessNamespace: true }, { network: 'POD', pid: 'POD', ipc: 'POD' }],
    [
      'users of its own',
      { userNamespace: { hostId: 65536, length: 65536 } },
      {
        network: 'POD',
        pid: 'CONTAINER',
        ipc: 'POD',
        usernsOptions: {
          mode: 'POD',
          uids: [{ hostId: 65536, containerId: 0, length: 65536 }],
          gids: [{ hostId: 65536, containerId: 0, length: 65536 }],
        },
      },
    ],
  ];
  for (const [name, change, expected] of cases) {
    test(`namespaces: ${name}`, () =>
      assert.deepEqual(sandbox(change).linux?.securityContext?.namespaceOptions, expected));
  }

  test('takes the host’s name in the host’s network, ports, a cgroup and rights as it is told', () => {
    assert.equal(sandbox({ network: undefined }).hostname, undefined);
    const asked = sandbox({
      network: { portMappings: [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIP: '127.0.0.1' }] },
      cgroupParent: '/kubepods/poduid',
      privileged: true,
    });
    assert.deepEqual(asked.portMappings, [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }]);
    assert.equal(asked.linux?.cgroupParent, '/kubepods/poduid');
    assert.equal(asked.linux?.securityContext?.privileged, true);
  });
});

describe('a container', () => {
  const contextOf = (change: Partial<ContainerConfig['security']>, user?: { uid: number } | { name: string }) =>
    container({ security: { ...security, ...change } }, user).linux?.securityContext;

  test('has the image’s user where none is asked for, since a group is refused without one', () => {
    assert.deepEqual(contextOf({ runAsGroup: 7 }, { uid: 33 })?.runAsUser, { value: 33 });
    assert.equal(contextOf({}, { name: 'nginx' })?.runAsUsername, 'nginx');
    assert.deepEqual(contextOf({ runAsUser: 1 }, { name: 'nginx' })?.runAsUser, { value: 1 });
    assert.deepEqual(contextOf({ runAsUser: 0 }, { uid: 5 })?.runAsUser, { value: 0 });
  });

  test('sees little of /proc and /sys, unless it is privileged or asks for all', () => {
    assert.ok(contextOf({})?.maskedPaths?.includes('/proc/kcore'));
    assert.ok(contextOf({})?.readonlyPaths?.includes('/proc/sys'));
    for (const all of [{ privileged: true }, { unmaskedProc: true }]) {
      assert.equal(contextOf(all)?.maskedPaths, undefined);
      assert.equal(contextOf(all)?.readonlyPaths, undefined);
    }
  });

  test('profiles are the runtime’s, none, or one of the host', () => {
    assert.deepEqual(contextOf({})?.seccomp, { profileType: 'RuntimeDefault' });
    assert.deepEqual(contextOf({ seccomp: { localhostProfile: '/p.json' } })?.seccomp, {
      profileType: 'Localhost',
      localhostRef: '/p.json',
    });
    assert.equal(contextOf({})?.apparmor, undefined);
    assert.deepEqual(contextOf({ appArmor: 'Unconfined' })?.apparmor, { profileType: 'Unconfined' });
  });

  test('groups are added to the image’s, or are all', () => {
    assert.equal(contextOf({ supplementalGroups: [5] })?.supplementalGroupsPolicy, 'Merge');
    assert.equal(contextOf({ onlyThoseGroups: true })?.supplementalGroupsPolicy, 'Strict');
  });

  test('limits: a period with the quota, no swap on top of the memory, no score that may not be given', () => {
    const resources = { cpuShares: 512, cpuQuota: 50_000, memoryLimitBytes: 1e6, oomScoreAdj: -997 };
    assert.deepEqual(container({ resources }).linux?.resources, {
      cpuShares: 512,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimitInBytes: 1e6,
      memorySwapLimitInBytes: 1e6,
      oomScoreAdj: -500,
      unified: undefined,
    });
  });

  test('labels tell its pod, its sandbox and whose it is', () => {
    assert.deepEqual(container({ labels: { own: 'x' } }).labels, {
      own: 'x',
      'io.kubernetes.pod.name': 'pod',
      'io.kubernetes.pod.namespace': 'default',
      'io.kubernetes.pod.uid': 'uid-pod',
      'io.tsukube/instance': 'tsk',
      'io.kubernetes.container.name': 'main',
      'io.tsukube/sandbox': 's1',
      'io.tsukube/image': 'busybox:1.36',
    });
  });
});
