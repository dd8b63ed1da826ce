import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createKubeletDoor } from '../../src/daemon/kubelet-door.ts';

function opened() {
  const door = createKubeletDoor('here');
  const taken: Duplex[] = [];
  door.open((connection) => taken.push(connection));
  return { door, taken };
}

test('a connection is there for the own node, and only while the kubelet serves', () => {
  const { door, taken } = opened();
  assert.equal(createKubeletDoor('here').connect('here'), undefined);
  assert.equal(door.connect('elsewhere'), undefined);
  assert.ok(door.connect('here'));
  door.close();
  assert.equal(door.connect('here'), undefined);
  assert.equal(taken.length, 1);
});

test('what one end says until it ends is what the other hears', async () => {
  const { door, taken } = opened();
  const near = door.connect('here') as Duplex;
  const far = taken[0] as Duplex;
  near.end('question');
  assert.equal(await text(far), 'question');
  far.end('x'.repeat(1_000_000));
  assert.equal((await text(near)).length, 1_000_000);
});

for (const end of ['near', 'far'] as const) {
  test(`when the ${end} end is gone the other is too`, async () => {
    const { door, taken } = opened();
    const near = door.connect('here') as Duplex;
    const ends = { near, far: taken[0] as Duplex };
    const other = end === 'near' ? ends.far : ends.near;
    ends[end].destroy();
    await once(other, 'close');
    assert.ok(other.destroyed);
  });
}
