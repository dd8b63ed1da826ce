import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withKubelet } from '../kubelet-bed.ts';

test('a long pull tells that it goes on, and how much has come, ever less often', () =>
  withKubelet({ images: [{ reference: 'large', present: false, pullMs: 300_000 }] }, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { containers: [{ name: 'main', image: 'large', imagePullPolicy: 'IfNotPresent' }] } });
    await bed.until('it is pulled', () => bed.told.includes('Normal Pulling Pulling image "large"'));
    const still = () => bed.told.filter((line) => line.includes('Still'));
    await bed.clock.advance(29_000);
    assert.deepEqual(still(), []);
    await bed.clock.advance(270_000);
    assert.deepEqual(
      still(),
      ['30s', '1m0s', '2m0s', '4m0s'].map(
        (after) => `Normal Pulling Still pulling image "large" after ${after} (1.0 MiB)`,
      ),
    );
    await bed.clock.advance(2_000);
    await bed.until('it runs', () => bed.container('web', 'main')?.state?.running);
    await bed.clock.advance(3_600_000);
    assert.equal(still().length, 4);
  }));
