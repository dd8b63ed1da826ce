// Expressions and rules give what they give upstream: values, types, costs and the words of errors (recorded/README.md).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { compileRules } from '../../src/api/apiextensions/compiled-rules.ts';
import { correlate } from '../../src/api/apiextensions/correlation.ts';
import { createRuleValidator, OBJECT_BUDGET, runRules } from '../../src/api/apiextensions/rule-validator.ts';
import type { Schema } from '../../src/api/apiextensions/schema.ts';
import { type Case, type Outcome, outcomeOf } from './outcome.ts';

const folder = path.join(import.meta.dirname, 'recorded');
const read = <T>(name: string): T[] =>
  gunzipSync(readFileSync(path.join(folder, `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

/** Recording → name of the case → why it differs. */
const EXCEPTIONS = JSON.parse(readFileSync(path.join(folder, 'exceptions.json'), 'utf8')) as Record<
  string,
  Record<string, string>
>;

interface Difference {
  name: string;
  want: unknown;
  got: unknown;
}

function compare(recording: string, differences: readonly Difference[]): void {
  const known = EXCEPTIONS[recording] ?? {};
  const news = differences.filter(({ name }) => !Object.hasOwn(known, name));
  assert.deepEqual(news.slice(0, 5), [], `${news.length} differ`);
  const gone = Object.keys(known).filter((name) => !differences.some((one) => one.name === name));
  assert.deepEqual(gone, [], 'these do not differ any more: take them off the list');
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const sorted = (outcome: object): object =>
  Object.fromEntries(Object.entries(outcome).sort(([a], [b]) => (a < b ? -1 : 1)));

suite('recorded outcomes', () => {
  for (const recording of ['expressions', 'random']) {
    test(recording, () => {
      const differences = read<Case & { want: Outcome }>(recording).flatMap(({ want, ...given }) => {
        const got = outcomeOf(given);
        return isSame(sorted(got), sorted(want)) ? [] : [{ name: given.expr, want, got }];
      });
      compare(recording, differences);
    });
  }

  interface RuleCase {
    schema: Schema;
    root: boolean;
    path: string;
    value: unknown;
    old: unknown;
    correlated: boolean;
    want: { errors: string[]; cost?: number };
  }

  test('rules', () => {
    const differences = read<RuleCase>('rules').flatMap(({ schema, root, value, old, want, ...rest }) => {
      const validator = createRuleValidator(schema, root);
      const before = old === null ? {} : { old };
      const correlation = rest.correlated && old !== null ? { correlation: correlate(value, old, schema) } : {};
      const outcome = validator
        ? runRules(validator, { value, path: rest.path, ...before, ...correlation })
        : { errors: [], budget: OBJECT_BUDGET };
      const errors = outcome.errors.map(({ reason, field, message }) => `${reason} ${field}: ${message}`).sort();
      const cost = want.cost === undefined ? {} : { cost: OBJECT_BUDGET - outcome.budget };
      const got = { errors, ...cost };
      const name = [JSON.stringify(schema['x-kubernetes-validations'] ?? schema), JSON.stringify(value)].join(' ');
      return isSame(got, want) ? [] : [{ name: name.slice(0, 300), want, got }];
    });
    compare('rules', differences);
  });

  interface Estimate {
    usesOldSelf?: boolean;
    cost: string;
    cardinality?: string;
    messageCost: string;
    fieldPath: string;
    error?: string;
    messageError?: string;
  }

  test('estimates', () => {
    const cases = read<{ schema: Schema; root: boolean; results: Estimate[] }>('estimates');
    const differences = cases.flatMap(({ schema, root, results }) => {
      const compiled = compileRules(schema, root) ?? [];
      return results.flatMap((want, i) => {
        const rule = compiled[i];
        const found = {
          usesOldSelf: rule?.usesOldSelf,
          cost: String(rule?.cost),
          cardinality: String(rule?.cardinality),
          messageCost: String(rule?.messageCost),
          fieldPath: rule?.fieldPath,
          error: rule?.problem,
          messageError: rule?.messageProblem,
        };
        const got = Object.fromEntries(Object.keys(want).map((key) => [key, found[key as keyof Estimate]]));
        const isFaulty = want.error === undefined && found.error !== undefined;
        return isSame(got, want) && !isFaulty ? [] : [{ name: rule?.rule.rule ?? '', want, got }];
      });
    });
    compare('estimates', differences);
  });
});
