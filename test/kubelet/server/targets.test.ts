// What is said of containers that logs and commands cannot be had of; the words are upstream's (kubelet_pods.go).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStateWaiting } from '../../../src/api/types/core/v1.ts';
import { findPodContainer, runningContainer } from '../../../src/kubelet/server/targets.ts';
import { podObject } from '../../support/objects.ts';

const PARTS = ['default', 'web', 'main'];

const sources = (at: { waiting?: ContainerStateWaiting; exited?: boolean }) => {
  const state = at.waiting ? { state: { waiting: at.waiting } } : {};
  const containerStatuses = [{ name: 'main', image: 'x', imageID: '', ready: false, restartCount: 0, ...state }];
  const pod = podObject('web', { metadata: { uid: 'u1' }, status: at.waiting ? { containerStatuses } : {} });
  const exited = { id: 'c1', name: 'main', attempt: 0, createdAt: 0, pod: { uid: 'u1' }, state: 'exited' };
  return {
    workers: { byName: (_: string, name: string) => (name === 'web' ? { pod: () => pod } : undefined) },
    runtime: { listContainers: async () => (at.exited ? [exited] : []) },
  } as never;
};

const waits: [reason: string | undefined, said: string][] = [
  [undefined, 'ContainerCreating'],
  ['PodInitializing', 'PodInitializing'],
  ['CreateContainerConfigError', 'CreateContainerConfigError'],
  ['ErrImagePull', "image can't be pulled"],
  ['ImagePullBackOff', 'trying and failing to pull image'],
];
for (const [reason, said] of waits) {
  test(`no logs of a container that waits because of ${reason ?? 'nothing that was told yet'}`, () =>
    assert.rejects(findPodContainer(PARTS, sources(reason ? { waiting: { reason } } : {}), { previous: false }), {
      code: 400,
      message: `container "main" in pod "web" is waiting to start: ${said}`,
    }));
}

for (const exited of [true, false]) {
  test(`no command runs in a container that ${exited ? 'has ended' : 'never began'}`, () =>
    assert.rejects(runningContainer(PARTS, sources({ exited })), {
      code: 500,
      message: 'container not found ("main")',
    }));
}

test('no command runs in a pod that is not there', () =>
  assert.rejects(runningContainer(['default', 'gone', 'main'], sources({})), { code: 404 }));
