// What the drivers take from containerd's events, as they come over its socket.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ContainerDelete,
  Envelope,
  ImageChange,
  SnapshotChange,
  TaskExit,
  TaskStart,
} from '../../../src/kubelet/cri/containerd/api.ts';
import { parseEvent } from '../../../src/kubelet/cri/containerd/events.ts';

const parse = (topic: string, value: Uint8Array) =>
  parseEvent(Envelope.decode(Envelope.encode({ topic, timestamp: { seconds: 7 }, event: { typeUrl: 'x', value } })));

describe('an event of containerd', () => {
  test('the end of a container carries its code and time', () => {
    const end = { containerId: 'c1', id: 'c1', exitStatus: 137, exitedAt: { seconds: 100, nanos: 5_000_000 } };
    assert.deepEqual(parse('/tasks/exit', TaskExit.encode(end)), {
      topic: '/tasks/exit',
      containerId: 'c1',
      exitCode: 137,
      at: 100_005,
    });
  });
  test('an exit code of 0 and a time that is not told are left out of the message', () => {
    const event = parse('/tasks/exit', TaskExit.encode({ containerId: 'c1', id: 'c1' }));
    assert.deepEqual([event?.exitCode, event?.at], [0, 7000]);
  });
  test('the end of an exec is not the end of its container', () => {
    assert.equal(parse('/tasks/exit', TaskExit.encode({ containerId: 'c1', id: 'exec' })), undefined);
  });
  test('each topic names what it is about, and others concern nobody', () => {
    assert.equal(parse('/tasks/start', TaskStart.encode({ containerId: 'c1' }))?.containerId, 'c1');
    assert.equal(parse('/containers/delete', ContainerDelete.encode({ id: 'c1' }))?.containerId, 'c1');
    assert.equal(parse('/snapshot/prepare', SnapshotChange.encode({ key: 'k' }))?.snapshotKey, 'k');
    assert.equal(parse('/images/update', ImageChange.encode({ name: 'a:1' }))?.imageName, 'a:1');
    assert.equal(parse('/leases/create', new Uint8Array()), undefined);
  });
});
