import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPidsWatch } from '../../../src/kubelet/node/pids-watch.ts';
import { podObject } from '../../support/objects.ts';

test('a pod that is refused processes is told of, once for each time it grows', () => {
  const counts = new Map<string, number>();
  const told: string[] = [];
  const watch = createPidsWatch({
    cgroups: {
      children: (cgroup) => (cgroup === '/a' ? ['c1', 'c2'] : []),
      read: (_, cgroup, name) => {
        if (name === 'pids.current') return cgroup === '/idle' ? '3' : '40';
        return counts.has(cgroup) ? `max ${counts.get(cgroup)}\n` : undefined;
      },
    },
    pathOf: ({ metadata }) => `/${metadata.name}`,
    limit: 40,
    events: {
      event: (about, type, reason, message) => void told.push(`${about.metadata.name} ${type} ${reason} ${message}`),
    },
  });
  const pods = ['a', 'b', 'idle'].map((name) => podObject(name, { metadata: { uid: name } }));
  counts.set('/idle', 7);
  watch.check(pods);
  assert.deepEqual(told, []);
  counts.set('/a/c2', 3);
  watch.check(pods);
  const words =
    'Warning PidsLimitReached The pod has reached its limit of 40 processes and threads; more could not be started';
  assert.deepEqual(told, [`a ${words}`]);
  watch.check(pods);
  assert.equal(told.length, 1);
  counts.set('/a', 1);
  counts.set('/b', 1);
  watch.check(pods);
  assert.deepEqual(told.slice(1), [`a ${words}`, `b ${words}`]);
});
