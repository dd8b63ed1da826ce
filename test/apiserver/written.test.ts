// The text that was stored is the text that is answered: it is made once, and kept no longer than the turn that needs it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { configMaps } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { json } from '../../src/apiserver/encoding/json.ts';
import { silentLogger } from '../../src/log.ts';
import { entryOfObject } from '../../src/storage/entry.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { StorageEntry } from '../../src/storage/storage.ts';
import { definitionOf } from '../api/definitions.ts';
import { fakeClock } from '../support/fake-clock.ts';

const definition = definitionOf(configMaps.plural);

const OBJECTS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['with fields', { data: { a: 'b"\\ \u2028é😀' }, immutable: true }],
  ['with nothing but metadata', {}],
  ['with an integer of 64 bits', { data: { big: 2n ** 62n } }],
];

const bytesOf = (entry: StorageEntry): string => Buffer.concat(json.entry(definition, entry)).toString();

for (const [what, fields] of OBJECTS) {
  test(`the answer to a write is what a get says later: ${what}`, async () => {
    const storage = await openStorage('memory:', { clock: fakeClock(), log: silentLogger });
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', labels: { x: 'y' } }, ...fields };
    const entry = await storage.write({
      op: 'create',
      key: '/core/configmaps/default/a',
      object: object as unknown as KubeObject,
    });
    assert.ok(entry.written);
    const answered = bytesOf(entry);
    await nextTurn();
    await nextTurn();
    assert.equal(entry.written, undefined);
    assert.equal(bytesOf(entryOfObject(entry, entry.object)), answered);
    await storage.close();
  });
}
