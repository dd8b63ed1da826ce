import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instanceOf } from '../../src/daemon/instance.ts';

describe('names on the host', () => {
  test('are the plain ones in the default data directory', () => {
    assert.deepEqual(instanceOf('/var/lib/tsukube'), { cgroup: 'tsukube', bridge: 'tsukube0', chainPrefix: 'TSK' });
  });
  test('are an instance’s own elsewhere, and always the same', () => {
    const [one, other] = [instanceOf('/tmp/one'), instanceOf('/tmp/other')];
    assert.deepEqual(one, instanceOf('/tmp/one'));
    for (const key of ['cgroup', 'bridge', 'chainPrefix'] as const) assert.notEqual(one[key], other[key]);
  });
  test('fit what the kernel takes: 15 characters for a link, 28 for a chain', () => {
    const { bridge, chainPrefix } = instanceOf('/tmp/one');
    assert.ok(bridge.length <= 15);
    assert.ok(`${chainPrefix}-SVC-0123456789ABCDEF`.length <= 28);
    assert.ok(`${chainPrefix}-POSTROUTING`.length <= 28);
  });
});
