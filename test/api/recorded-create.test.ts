import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { builtinDefinitions } from '../../src/api/index.ts';
import { judgeCreation, type Scenario } from './recorded-create.ts';

// A sample of the requests that an upstream v1.36.3 server was asked, with its answers.
const file = new URL('../vectors/api-creations.jsonl.gz', import.meta.url);
const scenarios = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Scenario);

test('creations default, prepare and validate as recorded', () => {
  const definitions = builtinDefinitions();
  const wrong = scenarios.flatMap((scenario) => {
    const verdict = judgeCreation(scenario, definitions);
    return verdict === '' ? [] : [`${scenario.name}: ${verdict ?? 'cannot be judged'}`];
  });
  assert.deepEqual(wrong, []);
});
