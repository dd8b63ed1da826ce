import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createArgs, updateArgs } from '../../../../src/kubelet/cri/nerdctl/argv.ts';
import type { ConsoleSettings } from '../../../../src/kubelet/cri/nerdctl/console.ts';
import type { SandboxRecord } from '../../../../src/kubelet/cri/nerdctl/records.ts';
import type { ContainerConfig, ImageStatus, SandboxConfig } from '../../../../src/kubelet/cri/runtime.ts';
import { containerConfig } from '../configs.ts';

const sandboxConfig: SandboxConfig = {
  pod: { namespace: 'default', name: 'web', uid: 'u1' },
  attempt: 0,
  hostname: 'web',
  network: { portMappings: [] },
  hostPID: false,
  hostIPC: false,
  shareProcessNamespace: false,
  sysctls: {},
};
const sandbox: SandboxRecord = {
  id: 's1',
  pod: sandboxConfig.pod,
  attempt: 0,
  state: 'ready',
  createdAt: 0,
  ips: ['10.42.0.2'],
  config: sandboxConfig,
  cgroup: 'tsukube/podu1',
  netns: '/run/s1/net',
  ipc: '/run/s1/ipc',
  shm: '/run/s1/shm',
};
const image: ImageStatus = {
  id: 'sha256:1',
  repoTags: [],
  repoDigests: ['docker.io/library/busybox@sha256:2'],
  size: 1,
  user: 'app:app',
  entrypoint: [],
  cmd: ['sh'],
  stopSignal: 'SIGQUIT',
};
const plain = containerConfig('s1', 'main', { attempt: 2 });

const console: ConsoleSettings = { folder: '/run/tty/1', stdin: false, stdinOnce: false, tty: false };
const ownArgs = ['--runtime', '/run/runc', '--log-driver', 'none', '--data-root', '/d/c1'];
const logPath = '/var/log/pods/default_web_u1/main/2.log';

interface Case {
  config: ContainerConfig;
  sandbox?: SandboxRecord;
  minOomScoreAdj?: number;
  console?: ConsoleSettings;
}

const CASES: Record<string, Case> = {
  plain: { config: plain },
  'everything-set': {
    console: { ...console, stdin: true, stdinOnce: true },
    config: {
      ...plain,
      command: ['/bin/app', '--serve'],
      args: ['a b', ''],
      workingDir: '/work dir',
      env: [
        { name: 'TEXT', value: 'two\nlines = "x"' },
        { name: 'EMPTY', value: '' },
      ],
      mounts: [
        { hostPath: '/host/a', containerPath: '/a', readOnly: true, propagation: 'rslave' },
        { hostPath: '/host/b,c', containerPath: '/b', readOnly: false },
        { hostPath: '/host/d', containerPath: '/a/nested', readOnly: true, recursiveReadOnly: true },
      ],
      devices: [{ hostPath: '/dev/vdb', containerPath: '/dev/data', permissions: 'r' }],
      stdin: true,
      resources: { cpuShares: 102, cpuQuota: 50_000, memoryLimitBytes: 67_108_864, oomScoreAdj: 985 },
      security: {
        privileged: false,
        runAsGroup: 3000,
        supplementalGroups: [4000],
        onlyThoseGroups: true,
        addCapabilities: ['NET_ADMIN'],
        dropCapabilities: ['ALL'],
        readOnlyRootFilesystem: true,
        noNewPrivileges: true,
        seccomp: { localhostProfile: '/seccomp/p.json' },
        appArmor: { localhostProfile: 'mine' },
        unmaskedProc: true,
      },
      labels: { 'io.kubernetes.container.hash': 'ab' },
      stopSignal: 'SIGUSR1',
    },
  },
  'host-namespaces': {
    sandbox: {
      ...sandbox,
      config: { ...sandboxConfig, network: undefined, hostPID: true, hostIPC: true },
      netns: undefined,
      ipc: undefined,
      shm: undefined,
    },
    config: {
      ...plain,
      args: ['only', 'args'],
      tty: true,
      security: { ...plain.security, privileged: true, runAsUser: 0 },
    },
  },
  'shared-pids': {
    sandbox: {
      ...sandbox,
      pidHolder: 'holder',
      config: { ...sandboxConfig, sysctls: { 'net.core.somaxconn': '1024' } },
    },
    config: { ...plain, security: { ...plain.security, seccomp: 'Unconfined' } },
  },
  'unprivileged-server-leaves-out-low-oom-scores': {
    minOomScoreAdj: 0,
    config: { ...plain, resources: { oomScoreAdj: -997 } },
  },
};

test('arguments of nerdctl update: what is limited, and nothing else', () => {
  const resources = { cpuShares: 102, memoryLimitBytes: 1000, pidsLimit: 5, oomScoreAdj: 985 };
  const limits = ['--cpu-shares', '102', '--memory', '1000', '--memory-swap', '1000', '--pids-limit', '5'];
  assert.deepEqual(updateArgs('c1', resources), ['update', ...limits, 'c1']);
});

test('a container that sees the processes of another joins its namespace, or that of the whole pod', () => {
  const pidOf = (record: SandboxRecord) => {
    const context = { sandbox: record, image, ownArgs, console, logPath, minOomScoreAdj: -1000 };
    const args = createArgs({ ...plain, processesOf: 'c9' }, context);
    return args.includes('--pid') ? args[args.indexOf('--pid') + 1] : undefined;
  };
  assert.equal(pidOf(sandbox), 'container:c9');
  assert.equal(pidOf({ ...sandbox, pidHolder: 'holder' }), 'container:holder');
  assert.equal(pidOf({ ...sandbox, config: { ...sandboxConfig, hostPID: true } }), 'host');
});

test('an image that the program mounts by itself', () => {
  const mounts = [{ hostPath: '', image: { reference: 'app:1' }, containerPath: '/app', readOnly: true }];
  const context = { sandbox, image, ownArgs, console, logPath, minOomScoreAdj: -1000 };
  assert.ok(createArgs({ ...plain, mounts }, context).includes('type=image,source=app:1,target=/app'));
});

test('where a container holds the namespaces, they are joined, the group is said with the user, and nothing is left to a wrapper', () => {
  const config = containerConfig('s1', 'main', {
    resources: { unified: { 'memory.min': '1' } },
    security: { ...plain.security, runAsGroup: 7, onlyThoseGroups: true },
  });
  const argsIn = (record: SandboxRecord) =>
    createArgs(config, { sandbox: record, image, ownArgs, console, logPath, minOomScoreAdj: -1000 });
  const args = argsIn({
    ...sandbox,
    holder: 'h1',
    config: { ...sandboxConfig, sysctls: { 'net.core.somaxconn': '9' } },
  });
  const valuesOf = (flag: string) => args.filter((_, i) => args[i - 1] === flag);
  assert.deepEqual(valuesOf('--network'), ['container:h1']);
  assert.deepEqual(valuesOf('--ipc'), ['container:h1']);
  assert.deepEqual(valuesOf('--user'), ['app:7']);
  for (const flag of ['--hostname', '--sysctl', '--annotation', '--cgroup-conf']) assert.deepEqual(valuesOf(flag), []);
});

describe('arguments of nerdctl create', () => {
  for (const [name, { config, minOomScoreAdj = -1000, ...rest }] of Object.entries(CASES)) {
    test(name, () => {
      const args = createArgs(config, {
        sandbox: rest.sandbox ?? sandbox,
        image,
        ownArgs,
        console: rest.console ?? console,
        logPath,
        minOomScoreAdj,
      });
      const golden = path.join(import.meta.dirname, 'testdata', 'argv', `${name}.json`);
      assert.deepEqual(args, JSON.parse(readFileSync(golden, 'utf8')));
    });
  }
});
