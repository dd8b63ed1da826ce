// What the docker driver makes of docker's answers, with a script in docker's place.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ContainerdEvent } from '../../../../src/kubelet/cri/containerd/events.ts';
import { createDocker } from '../../../../src/kubelet/cri/docker/driver.ts';
import { followDocker } from '../../../../src/kubelet/cri/docker/events.ts';
import { createDockerProcesses } from '../../../../src/kubelet/cri/docker/processes.ts';
import type { ContainerStatus } from '../../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { containerConfig } from '../configs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'docker-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function dockerThat(script: string) {
  const file = path.join(folder, 'docker');
  writeFileSync(file, `#!/bin/sh\necho "$@" >>"$0.calls"\n${script}\n`);
  chmodSync(file, 0o755);
  return createDocker(file);
}

const event = (Type: string, Action: string, Attributes: object = {}) =>
  JSON.stringify({ Type, Action, Actor: { ID: 'c1', Attributes }, timeNano: 5_000_000_000 });

describe("docker's events", () => {
  test('are told as those of containers and of images, from the moment they were asked for', async () => {
    const lines = [
      event('container', 'start'),
      event('container', 'exec_start: sh'),
      event('container', 'oom'),
      event('container', 'die', { exitCode: '137' }),
      event('container', 'destroy'),
      event('image', 'delete', { name: 'old:1' }),
      event('image', 'pull', { name: 'app:1' }),
    ];
    writeFileSync(path.join(folder, 'lines'), `${lines.join('\n')}\n`);
    const docker = dockerThat(`cat "${folder}/lines"; exec sleep 1000`);
    const told: ContainerdEvent[] = [];
    const images: (string | undefined)[] = [];
    const stop = new AbortController();
    const parts = {
      docker,
      clock: fakeClock(),
      onEvent: (one: ContainerdEvent) => told.push(one),
      onImage: (one?: string) => images.push(one),
    };
    let subscribed = 0;
    const following = followDocker(parts, stop.signal, () => {
      subscribed += 1;
    });
    await eventually('the last', () => images.length > 1);
    stop.abort();
    await following;
    assert.equal(subscribed, 1);
    const about = { containerId: 'c1', at: 5_000 };
    assert.deepEqual(told, [
      { topic: '/tasks/start', ...about },
      { topic: '/tasks/oom', ...about },
      { topic: '/tasks/exit', ...about, exitCode: 137 },
      { topic: '/containers/delete', ...about },
    ]);
    assert.deepEqual(images, [undefined, 'docker.io/library/app:1']);
    const since = (fakeClock().now() / 1000).toFixed(3);
    assert.match(readFileSync(path.join(folder, 'docker.calls'), 'utf8'), new RegExp(`^events --since ${since} `));
  });

  test('that end by themselves are an error in the words of docker', async () => {
    const docker = dockerThat('echo "Cannot connect to the Docker daemon" >&2; exit 1');
    const parts = { docker, clock: fakeClock(), onEvent: () => assert.fail(), onImage: () => assert.fail() };
    await assert.rejects(
      followDocker(parts, new AbortController().signal, () => {}),
      {
        message: 'docker tells of no more events: Cannot connect to the Docker daemon',
      },
    );
  });
});

test("a container's log is a link to docker's, which docker rotates", async () => {
  const docker = dockerThat('[ "$1" != inspect ] || echo /docker/c1-json.log');
  const logLimits = { maxBytes: 1000, maxFiles: 3 };
  const processes = createDockerProcesses(docker, { ownLabel: 'a=b', logLimits });
  const logPath = path.join(folder, 'pods', 'main', '0.log');
  const { ownArgs } = await processes.prepare(containerConfig('s1', 'main', {}), logPath);
  assert.equal(
    ownArgs.join(' '),
    '--log-driver json-file --log-opt max-size=1000 --log-opt max-file=3 --no-healthcheck --label a=b',
  );
  await processes.start({ id: 'c1', logPath } as ContainerStatus, () => assert.fail());
  assert.equal(readlinkSync(logPath), '/docker/c1-json.log');
});
