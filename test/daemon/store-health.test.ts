import assert from 'node:assert/strict';
import { it } from 'node:test';
import { OPTIONS } from '../../src/daemon/options.ts';
import { observeStore, storeCheck } from '../../src/daemon/store-health.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { StorageProblem } from '../../src/storage/problems.ts';

const full: StorageProblem = { name: 'full', message: 'the disk is full', since: 0 };

it('readiness and metrics tell what is wrong with the store, and that it is over', async () => {
  let problems: StorageProblem[] = [full];
  const metrics = createMetrics();
  const storage = { problems: () => problems, stats: async () => ({ bytes: 4096 }) } as never;
  observeStore(storage, metrics);
  assert.throws(() => storeCheck(storage).check(), /the disk is full/);
  const told = await metrics.metrics();
  assert.match(told, /^tsukube_storage_problem\{problem="full"\} 1$/m);
  assert.match(told, /^tsukube_storage_problem\{problem="differs"\} 0$/m);
  assert.match(told, /^apiserver_storage_size_bytes\{storage_cluster_id="etcd-0"\} 4096$/m);
  problems = [];
  storeCheck(storage).check();
  assert.match(await metrics.metrics(), /^tsukube_storage_problem\{problem="full"\} 0$/m);
});

it('a quota is a size with a unit', () => {
  const { parse } = OPTIONS['storage-quota'];
  assert.equal(parse('4Gi'), 4 * 1024 ** 3);
  assert.equal(parse('64Mi'), 64 * 1024 ** 2);
  for (const wrong of ['', '4', '63Mi', '4GB', '-1Gi', '1.5Gi'])
    assert.throws(() => parse(wrong), /must be a size of 64Mi/);
});
