// What a field selector is told of fields that nobody can select by: each type in its own words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSelection, parseSelectors } from '../../src/apiserver/registry/selection.ts';
import { definitionOf } from '../api/definitions.ts';

const REFUSALS: readonly (readonly [plural: string, words: string])[] = [
  ['pods', 'field label not supported: spec.none'],
  ['batch/v1/jobs', 'field label "spec.none" not supported for Job'],
  ['configmaps', '"spec.none" is not a known field selector: only "metadata.name", "metadata.namespace"'],
];

for (const [plural, message] of REFUSALS) {
  test(`a field that no ${plural} can be selected by`, () => {
    const selectors = parseSelectors(new URLSearchParams({ fieldSelector: 'spec.none=a' }));
    assert.throws(() => compileSelection(definitionOf(plural), selectors), { code: 400, message });
  });
}
