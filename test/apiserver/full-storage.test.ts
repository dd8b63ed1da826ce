// What clients are told by an API server whose store may not grow.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { configMaps } from '../../src/api/resources.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { startTestServer } from '../support/server.ts';

it("answers a write for which there is no room as upstream does for etcd's quota, and goes on with the rest", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'full-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  const clock = fakeClock();
  const { client, storage, stop } = await startTestServer({
    clock,
    storageUrl: `sqlite:${directory}/state.db`,
    storageOptions: { quotaBytes: 1_500_000 },
  });
  t.after(stop);
  const make = (name: string) =>
    client.create(configMaps, { metadata: { name, namespace: 'default' }, data: { text: 'x'.repeat(100_000) } });
  let refused: unknown;
  for (let i = 0; i < 40 && !refused; i++) {
    refused = await make(`c${i}`).then(
      () => undefined,
      (error: unknown) => error,
    );
    await storage.stats();
  }
  assert.ok(refused instanceof StatusError, String(refused));
  assert.deepEqual([refused.code, refused.status.reason], [500, undefined]);
  assert.match(
    refused.message,
    /^etcdserver: mvcc: database space exceeded: the store holds \d MiB .*--storage-quota$/,
  );
  assert.equal(storage.problems()[0]?.name, 'quota');

  const { items } = await client.list(configMaps, { namespace: 'default' });
  for (const { metadata } of items) await client.delete(configMaps, 'default', metadata.name ?? '');
  assert.deepEqual((await client.list(configMaps, { namespace: 'default' })).items, []);
});
