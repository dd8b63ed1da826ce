// What docs/history.md tells people to type works.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Revision } from '../../../src/apiserver/history/revision.ts';
import { type Answer, person, startWorld, type World } from './world.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../../docs/history.md'), 'utf8');
const paths = [...page.matchAll(/^ {4}kubectl get --raw '([^']+)'$/gm)].map(([, path]) => path as string);
const MERGE = 'application/merge-patch+json';
const MINUTE = 60_000;

let api: World;
before(async () => {
  api = await startWorld({ start: Date.parse('2026-01-31T08:00:00Z') });
  const maps = '/api/v1/namespaces/default/configmaps';
  await api.send('POST', maps, { body: { metadata: { name: 'deleted' } } });
  await api.send('DELETE', `${maps}/deleted`);
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] } };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  await api.send('POST', deployments, { body: { metadata: { name: 'web' }, spec } });
  await api.clock.advance(220 * MINUTE);
  const user = person('jane', 'system:masters');
  const patch = (body: object) => api.send('PATCH', `${deployments}/web`, { body, contentType: MERGE, user });
  await patch({ metadata: { labels: { seen: 'yes' } } });
  await api.clock.advance(30 * MINUTE);
  await patch({ spec: { replicas: 2 } });
});
after(() => api.stop());

describe('docs/history.md', () => {
  it('has commands', () => assert.ok(paths.length >= 10, String(paths.length)));

  for (const path of paths) {
    it(path, async () => {
      const answer = await api.get<Answer<Revision>>(path);
      if (/\/history|\/changes/.test(path)) assert.ok(answer.items.length > 0);
    });
  }

  it('shows the fields that there are', async () => {
    const text = (/^ {4}\{"kind": "ObjectHistory"[\s\S]*?\]\}$/m.exec(page)?.[0] ?? '').replace(/,\n\s*…/, '');
    const shown = JSON.parse(text) as Answer<Revision>;
    const real = await api.get<Answer<Revision>>('/apis/apps/v1/namespaces/default/deployments/web/history');
    assert.deepEqual(Object.keys(shown), Object.keys(real));
    assert.deepEqual(Object.keys(shown.items[0] ?? {}), Object.keys(real.items[0] ?? {}));
  });
});
