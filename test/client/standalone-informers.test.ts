// The published informers follow what they are told to, over both ways to the first state.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../../src/api/resources.ts';
import { standaloneInformers } from '../../src/client/standalone-informers.ts';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
import { startTestServer } from '../support/server.ts';

for (const only of [
  { namespace: 'web' },
  { labelSelector: 'tier=front' },
  { fieldSelector: 'metadata.namespace=web' },
]) {
  test(`only ${JSON.stringify(only)} is listed and watched`, async (t) => {
    const { client, stop } = await startTestServer({ clock: systemClock, namespaces: ['default', 'web'] });
    const make = async (name: string) => {
      await client.create(configMaps, { metadata: { name, namespace: 'default' } });
      await client.create(configMaps, { metadata: { name, namespace: 'web', labels: { tier: 'front' } } });
    };
    await make('a');
    const informers = standaloneInformers({ client, only });
    t.after(async () => {
      await informers.stop();
      await stop();
    });
    const seen: string[] = [];
    const informer = informers.for(configMaps);
    informer.addHandler({ added: ({ metadata }) => void seen.push(`${metadata.namespace}/${metadata.name}`) });
    await informer.synced;
    assert.deepEqual(seen, ['web/a']);
    await make('b');
    await eventually('the new one', () => seen.length > 1);
    assert.deepEqual(seen, ['web/a', 'web/b']);
    assert.equal((await client.list(configMaps)).items.length, 4);
  });
}
