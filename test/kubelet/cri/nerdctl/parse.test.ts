import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RunError } from '../../../../src/exec.ts';
import { normalizeReference } from '../../../../src/kubelet/cri/image-reference.ts';
import { parseLogLine } from '../../../../src/kubelet/cri/log-line.ts';
import { isAbsent, missingObjects, plainMessage, runtimeError } from '../../../../src/kubelet/cri/nerdctl/errors.ts';
import {
  lifecycleFile,
  parseContainers,
  parseLifecycle,
  parseLoaded,
  parseNativeNames,
  parsePruned,
  parsePullProgress,
  sinceStart,
} from '../../../../src/kubelet/cri/nerdctl/parse.ts';

const inspected = (state: Record<string, unknown>) =>
  `${JSON.stringify(
    [
      {
        Id: 'c1',
        Created: '2026-01-01T00:00:00Z',
        State: { Status: '', ExitCode: 0, Error: '', StartedAt: '', FinishedAt: '', ...state },
        LogPath: '/log',
        Config: {
          Labels: { 'io.tsukube/sandbox': 's1', 'io.tsukube/attempt': '3', 'io.kubernetes.container.name': 'main' },
        },
      },
    ],
    undefined,
    4,
  )}\n`;

describe('a container as nerdctl inspect tells it', () => {
  const cases: [string, Record<string, unknown>, unknown[]][] = [
    ['created', { Status: 'created' }, ['created', undefined, undefined]],
    ['running', { Status: 'running', StartedAt: '2026-01-01T00:00:01Z' }, ['running', undefined, undefined]],
    [
      'ended',
      { Status: 'exited', ExitCode: 3, StartedAt: '2026-01-01T00:00:01Z', FinishedAt: '2026-01-01T00:00:02Z' },
      ['exited', 3, undefined],
    ],
    ['not startable', { Error: 'no such file' }, ['exited', 128, 'no such file']],
    ['starting', { Status: 'created', StartedAt: '2026-01-01T00:00:01Z' }, ['created', undefined, undefined]],
    [
      'with the zero time of Go',
      { Status: 'created', StartedAt: '0001-01-01T00:00:00Z' },
      ['created', undefined, undefined],
    ],
  ];
  for (const [name, state, expected] of cases) {
    test(name, () => {
      const [status] = parseContainers(inspected(state));
      assert.deepEqual([status?.state, status?.exitCode, status?.message], expected);
      assert.deepEqual([status?.attempt, status?.sandboxId, status?.name], [3, 's1', 'main']);
    });
  }
  test('the quota is also read as podman tells it', () => {
    const [container] = JSON.parse(inspected({}));
    const told = JSON.stringify([{ ...container, HostConfig: { NanoCpus: 500_000_000 } }], undefined, 4);
    assert.deepEqual(parseContainers(`${told}\n`)[0]?.resources, { cpuQuota: 50_000 });
  });
  test("another's container is not ours", () => {
    assert.deepEqual(parseContainers('[\n{"Id":"x","Config":{"Labels":{}},"State":{}}\n]\n'), []);
  });
});

test("containerd's own names of images", () => {
  const answer = JSON.stringify([{ Image: { Name: 'a:1' } }, { Image: { Name: 'b@sha256:ab' } }], undefined, 4);
  assert.deepEqual(parseNativeNames(`${answer}\n`), ['a:1', 'b@sha256:ab']);
  assert.deepEqual(parseNativeNames(''), []);
});

test('what was pruned', () => {
  const answer = 'Deleted Images:\nUntagged: docker.io/library/a:1\ndeleted: sha256:01\nUntagged: b@sha256:ab\n\n';
  assert.deepEqual(parsePruned(answer), ['docker.io/library/a:1', 'b@sha256:ab']);
});

test('the progress of a pull is what has come', () => {
  for (const [line, come] of [
    ['elapsed: 12.4s\ttotal:  12.3 M\t(1.0 MiB/s)\t', '12.3 M'],
    ['elapsed: 0.1 s\ttotal:   0.0 B\t(0.0 B/s)\t', '0.0 B'],
    ['layer-sha256:01:\tdownloading\t|++--|\t1.2 MiB/3.0 MiB\t', undefined],
  ] as const) {
    assert.equal(parsePullProgress(line), come);
  }
});

test('references are written out in full', () => {
  for (const [from, to] of [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['user/app', 'docker.io/user/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['registry.k8s.io/pause@sha256:ab', 'registry.k8s.io/pause@sha256:ab'],
    ['localhost:5000/app:1@sha256:ab', 'localhost:5000/app@sha256:ab'],
    ['busybox:1@sha256:ab', 'docker.io/library/busybox@sha256:ab'],
  ] as const) {
    assert.equal(normalizeReference(from), to);
  }
});

test('the references in an archive are those that load names', () => {
  assert.deepEqual(parseLoaded('unpacking x...\nLoaded image: busybox:1.36\n'), ['docker.io/library/busybox:1.36']);
});

describe('a container without a task', () => {
  const [created] = parseContainers(inspected({}));
  test('was started when its file says so', () => {
    assert.equal(lifecycleFile({ labels: { 'nerdctl/state-dir': '/state' } }), '/state/lifecycle.json');
    assert.equal(lifecycleFile({ labels: {} }), undefined);
    assert.equal(
      parseLifecycle('{"started_at":"2026-01-01T00:00:01Z","create_error":false}'),
      Date.UTC(2026, 0, 1, 0, 0, 1),
    );
    assert.equal(parseLifecycle('{"started_at":"0001-01-01T00:00:00Z"}'), 0);
  });
  const exited = { exitCode: 3, exitedAt: 7 };
  for (const [task, expected] of [
    [undefined, ['exited', 5, 9, 255]],
    [{ status: 'STOPPED', ...exited }, ['exited', 5, 7, 3]],
    [{ status: 'RUNNING', exitCode: 0, exitedAt: 0 }, ['running', 5, 0, undefined]],
    [{ status: 'PAUSED', exitCode: 0, exitedAt: 0 }, ['running', 5, 0, undefined]],
    [{ status: 'CREATED', exitCode: 0, exitedAt: 0 }, ['created', 0, 0, undefined]],
    [{ status: 'UNKNOWN', exitCode: 0, exitedAt: 0 }, ['unknown', 5, 0, undefined]],
  ] as const) {
    test(`and then ${task ? `is what its task is: ${task.status}` : 'has ended, nobody knows how'}`, () => {
      const { state, startedAt, finishedAt, exitCode } = sinceStart(created!, {
        startedAt: 5,
        task,
        exit: undefined,
        at: 9,
      });
      assert.deepEqual([state, startedAt, finishedAt, exitCode], expected);
    });
  }
});

describe('failures', () => {
  const failed = (output: string) => new RunError(['nerdctl'], { output, exitCode: 1, cause: undefined });
  test("the program's words come without its log decoration", () => {
    const output =
      'time="t" level=warning msg="other"\ntime="t" level=fatal msg="1 errors:\\nexec: \\"nope\\": not there"\n';
    assert.equal(plainMessage(output), 'exec: "nope": not there');
  });
  test('known words have a reason of their own, others the caller’s', () => {
    assert.equal(
      runtimeError('X', failed('level=fatal msg="image not available: \\"a\\""')).reason,
      'ErrImageNeverPull',
    );
    assert.equal(runtimeError('X', failed('level=fatal msg="else"')).reason, 'X');
  });
  test('the containers that are not there are known by their ids', () => {
    const missing = (message: string) => [...missingObjects(failed(`level=fatal msg="${message}"`))];
    assert.deepEqual(missing('2 errors: [no such object c1 no such object c2]'), ['c1', 'c2']);
    assert.deepEqual(missing('1 errors: [container \\"c1\\" in namespace \\"k8s.io\\": not found]'), ['c1']);
    assert.deepEqual(missing('1 errors: [container \\"c1\\": no answer]'), []);
    assert.deepEqual([...missingObjects(failed('[]\nError: inspecting object: no such container c2'))], ['c2']);
    assert.deepEqual([...missingObjects(new Error('no such object c1'))], []);
  });
  test('what is not there is told apart from what failed', () => {
    assert.ok(isAbsent(failed('no such container: c1')));
    assert.ok(!isAbsent(failed('permission denied')));
  });
});

describe('log lines', () => {
  test('a whole line is read', () => {
    const line = '{"log":"hello\\n","stream":"stderr","time":"2026-01-01T00:00:00.000000001Z"}';
    assert.deepEqual(parseLogLine(line), { time: '2026-01-01T00:00:00.000000001Z', stream: 'stderr', text: 'hello\n' });
  });
  for (const torn of ['', '{"log":"hel', 'null', '7', '{"log":"a","stream":"x","time":"t"}']) {
    test(`${JSON.stringify(torn)} is not a line`, () => assert.equal(parseLogLine(torn), undefined));
  }
});
