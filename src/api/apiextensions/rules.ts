// The way to the rules of schemas: what compiles and runs expressions is loaded with the first schema that has some.
import { lazily } from '../../lazily.ts';
import type { CompiledRule } from './compiled-rules.ts';
import type { RuleOutcome, RuleValidator } from './rule-validator.ts';
import type { Schema } from './schema.ts';
import { hasRules } from './schema-rules.ts';

export type { CompiledRule, RuleValidator };

const compiled = lazily<typeof import('./compiled-rules.ts')>(import.meta.url, './compiled-rules.ts');
const validators = lazily<typeof import('./rule-validator.ts')>(import.meta.url, './rule-validator.ts');

type Runner = typeof import('./rule-validator.ts').runRules;

/** The rules of a schema and all below it; undefined where there are none. */
export const createRuleValidator = (schema: Schema, isRoot: boolean): RuleValidator | undefined =>
  hasRules(schema) ? validators().createRuleValidator(schema, isRoot) : undefined;

export const runRules = (...[validator, values]: Parameters<Runner>): RuleOutcome =>
  validators().runRules(validator, values);

/** Of a schema that has some. */
export const compileRules = (schema: Schema, isRoot: boolean): readonly CompiledRule[] | undefined =>
  compiled().compileRules(schema, isRoot);
