// The resource types that are named in code are those that the facts know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFacts } from '../../src/api/facts.ts';
import * as resources from '../../src/api/resources.ts';

for (const [name, { group, version, plural, kind, namespaced }] of Object.entries(resources)) {
  test(`${name} is what the facts have, and named after its plural`, () => {
    const fact = resourceFacts().find(({ g, v, r }) => g === group && v === version && r === plural);
    assert.deepEqual({ kind: fact?.k, namespaced: fact?.ns }, { kind, namespaced });
    assert.equal(name.toLowerCase(), plural);
  });
}
