import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../src/api/types/core/v1.ts';
import type { ContainerStatus, Sandbox } from '../../src/kubelet/cri/runtime.ts';
import { computePodActions, type ProbeOutcome } from '../../src/kubelet/pod-actions.ts';
import { recordOf } from '../../src/kubelet/pod-record.ts';
import { podObject } from '../support/objects.ts';

const pod = { namespace: 'default', name: 'p', uid: 'u' };
const sandbox = (state: Sandbox['state'] = 'ready', attempt = 0): Sandbox => ({
  id: `s${attempt}`,
  pod,
  attempt,
  state,
  createdAt: attempt,
  ips: ['10.0.0.2'],
});
const ran = (name: string, state: ContainerStatus['state'], exitCode = 0): ContainerStatus => ({
  id: name,
  sandboxId: 's0',
  name,
  attempt: 0,
  pod,
  state,
  createdAt: 0,
  startedAt: 1,
  finishedAt: 2,
  exitCode,
  oomKilled: false,
  image: '',
  imageId: '',
  logPath: '',
  labels: {},
});
const c = (name: string, more: object = {}) => ({ name, image: 'x', ...more });
const sidecar = (name: string, more: object = {}) => c(name, { restartPolicy: 'Always', ...more });

interface Case {
  what: string;
  spec?: Partial<PodSpec>;
  sandboxes?: Sandbox[];
  containers?: ContainerStatus[];
  liveness?: Record<string, ProbeOutcome>;
  startup?: Record<string, ProbeOutcome>;
  resized?: string[];
  expect: { start?: string[]; kill?: string[]; killPod?: boolean; create?: number };
}

const CASES: Case[] = [
  {
    what: 'nothing there: a sandbox and the containers',
    sandboxes: [],
    expect: { create: 0, killPod: true, start: ['a'] },
  },
  {
    what: 'nothing there, with init containers: only the first',
    spec: { initContainers: [c('i1'), c('i2')] },
    sandboxes: [],
    expect: { create: 0, killPod: true, start: ['i1'] },
  },
  {
    what: 'sandbox lost: a new one',
    sandboxes: [sandbox('notReady')],
    containers: [ran('a', 'exited')],
    expect: { create: 1, killPod: true, start: ['a'] },
  },
  {
    what: 'sandbox lost and never to restart: the end',
    spec: { restartPolicy: 'Never' },
    sandboxes: [sandbox('notReady')],
    containers: [ran('a', 'exited', 1)],
    expect: { killPod: true },
  },
  {
    what: 'sandbox lost and all succeeded on OnFailure: the end',
    spec: { restartPolicy: 'OnFailure' },
    sandboxes: [sandbox('notReady')],
    containers: [ran('a', 'exited')],
    expect: { killPod: true },
  },
  { what: 'sandbox without containers: start them', expect: { start: ['a'] } },
  { what: 'running: nothing', containers: [ran('a', 'running')], expect: {} },
  { what: 'exited, Always: again', containers: [ran('a', 'exited')], expect: { start: ['a'] } },
  {
    what: 'succeeded, OnFailure: done',
    spec: { restartPolicy: 'OnFailure' },
    containers: [ran('a', 'exited')],
    expect: { killPod: true },
  },
  {
    what: 'failed, OnFailure: again',
    spec: { restartPolicy: 'OnFailure' },
    containers: [ran('a', 'exited', 1)],
    expect: { start: ['a'] },
  },
  {
    what: 'failed, Never: done',
    spec: { restartPolicy: 'Never' },
    containers: [ran('a', 'exited', 1)],
    expect: { killPod: true },
  },
  {
    what: 'failed, Never, with a rule for its code: again',
    spec: {
      restartPolicy: 'Never',
      containers: [
        c('a', {
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
        }),
      ],
    },
    containers: [ran('a', 'exited', 42)],
    expect: { start: ['a'] },
  },
  { what: 'created but never started: again', containers: [ran('a', 'created')], expect: { start: ['a'] } },
  { what: 'unknown: kill and start', containers: [ran('a', 'unknown')], expect: { start: ['a'], kill: ['a'] } },
  {
    what: 'liveness failed: kill and start',
    containers: [ran('a', 'running')],
    liveness: { a: 'failure' },
    expect: { start: ['a'], kill: ['a'] },
  },
  {
    what: 'startup failed, Never: kill only',
    spec: { restartPolicy: 'Never' },
    containers: [ran('a', 'running')],
    startup: { a: 'failure' },
    expect: { kill: ['a'], killPod: true },
  },
  {
    what: 'a size that needs a restart, Never: kill and start',
    spec: { restartPolicy: 'Never', initContainers: [sidecar('s')] },
    containers: [ran('s', 'running'), ran('a', 'running')],
    resized: ['s', 'a'],
    expect: { kill: ['s', 'a'], start: ['s', 'a'] },
  },
  {
    what: 'init running: wait',
    spec: { initContainers: [c('i1'), c('i2')] },
    containers: [ran('i1', 'running')],
    expect: {},
  },
  {
    what: 'init succeeded: the next',
    spec: { initContainers: [c('i1'), c('i2')] },
    containers: [ran('i1', 'exited')],
    expect: { start: ['i2'] },
  },
  {
    what: 'last init succeeded, first removed: the others',
    spec: { initContainers: [c('i1'), c('i2')] },
    containers: [ran('i2', 'exited')],
    expect: { start: ['a'] },
  },
  {
    what: 'init failed, Always: again',
    spec: { initContainers: [c('i1')] },
    containers: [ran('i1', 'exited', 1)],
    expect: { start: ['i1'] },
  },
  {
    what: 'init failed, Never: the end',
    spec: { restartPolicy: 'Never', initContainers: [c('i1')] },
    containers: [ran('i1', 'exited', 1)],
    expect: { killPod: true },
  },
  {
    what: 'sidecar runs: the next init',
    spec: { initContainers: [sidecar('s'), c('i')] },
    containers: [ran('s', 'running')],
    expect: { start: ['i'] },
  },
  {
    what: 'sidecar has not started yet: wait',
    spec: { initContainers: [sidecar('s', { startupProbe: {} })] },
    containers: [ran('s', 'running')],
    startup: {},
    expect: {},
  },
  {
    what: 'sidecar started: the others',
    spec: { initContainers: [sidecar('s', { startupProbe: {} })] },
    containers: [ran('s', 'running')],
    startup: { s: 'success' },
    expect: { start: ['a'] },
  },
  {
    what: 'sidecar died while the others run: again',
    spec: { initContainers: [sidecar('s')] },
    containers: [ran('s', 'exited', 1), ran('a', 'running')],
    expect: { start: ['s'] },
  },
  {
    what: 'the others are done: the sidecar is not started again',
    spec: { restartPolicy: 'Never', initContainers: [sidecar('s')] },
    containers: [ran('s', 'running'), ran('a', 'exited')],
    expect: { killPod: true },
  },
  {
    what: 'an ephemeral container is started once',
    spec: { ephemeralContainers: [c('debug')] },
    containers: [ran('a', 'running')],
    expect: { start: ['debug'] },
  },
];

for (const {
  what,
  spec,
  sandboxes = [sandbox()],
  containers = [],
  liveness = {},
  startup = {},
  resized = [],
  expect,
} of CASES) {
  test(what, () => {
    const actions = computePodActions(
      podObject('p', { spec: { restartPolicy: 'Always', containers: [c('a')], ...spec } }),
      recordOf(sandboxes, containers),
      {
        probes: { liveness: (id) => liveness[id], startup: (id) => startup[id] },
        status: {},
        resizeRestarts: new Set(resized),
      },
    );
    assert.deepEqual(
      {
        start: actions.start.map((s) => s.name),
        kill: actions.kill.map((k) => k.container.name),
        killPod: actions.killPod,
        create: actions.createSandbox ? actions.attempt : undefined,
      },
      { start: [], kill: [], killPod: false, create: undefined, ...expect },
    );
  });
}
