// A runtime that has begun and cannot answer yet, and how its failures are told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GrpcError, type StatusCode } from '../../../../src/grpc/status.ts';
import { inGoWords, onceStarted } from '../../../../src/kubelet/cri/grpc/calls.ts';
import { RuntimeError } from '../../../../src/kubelet/cri/runtime.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const starting = new Error('server is not initialized yet: unavailable');

describe('a runtime that is starting', () => {
  test('is asked again until it answers', async () => {
    const clock = fakeClock();
    let asked = 0;
    const answer = onceStarted(clock, async () => {
      asked += 1;
      if (asked < 4) throw starting;
      return 'here';
    });
    await clock.advance(50 + 100 + 200);
    assert.equal(await answer, 'here');
    assert.equal(asked, 4);
  });

  test('is given up after half a minute, with its own words', async () => {
    const clock = fakeClock();
    const refused = assert.rejects(
      onceStarted(clock, () => Promise.reject(starting)),
      starting,
    );
    await clock.advance(30_000);
    await refused;
  });

  test('is not what another failure means', async () => {
    await assert.rejects(
      onceStarted(fakeClock(), () => Promise.reject(new Error('no such image'))),
      { message: 'no such image' },
    );
  });
});

const CODES: [code: StatusCode, name: string][] = [
  ['UNKNOWN', 'Unknown'],
  ['NOT_FOUND', 'NotFound'],
  ['CANCELLED', 'Canceled'],
];
for (const [code, name] of CODES) {
  test(`a call that failed as ${code} is told as Go prints it`, () => {
    const failed = new RuntimeError('ErrImagePull', 'no such image', new GrpcError(code, 'no such image'));
    assert.throws(() => inGoWords(failed), {
      reason: 'ErrImagePull',
      message: `rpc error: code = ${name} desc = no such image`,
    });
  });
}
