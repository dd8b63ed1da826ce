// Runs the rules of a schema on an object (apiextensions-apiserver pkg/apiserver/schema/cel/validation.go). All
// runs of a request share a budget; what would go beyond it ends the validation.
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { dataToValue } from '../../cel/data.ts';
import { COST_EXCEEDED, type Program } from '../../cel/program.ts';
import { withTypeAndMetadata } from '../../cel/schema.ts';
import { isFailure, NONE, some, type Value } from '../../cel/values.ts';
import { type CompiledRule, compileRules } from './compiled-rules.ts';
import { type Correlation, oldItemOf } from './correlation.ts';
import { isFields, itemsOf, type Rule, type Schema, valuesOf } from './schema.ts';
import { hasRules } from './schema-rules.ts';

/** Of all rules of one object. */
export const OBJECT_BUDGET = 10_000_000;
const MAX_MESSAGE_BYTES = 5 * 1024;

export interface RuleValidator {
  schema: Schema;
  isRoot: boolean;
  rules: readonly CompiledRule[];
  items: RuleValidator | undefined;
  values: RuleValidator | undefined;
  properties: ReadonlyMap<string, RuleValidator>;
}

/** The rules of a schema and all below it; undefined where there are none. */
export function createRuleValidator(schema: Schema, isRoot: boolean): RuleValidator | undefined {
  if (!hasRules(schema)) return undefined;
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  const below = (one: Schema | undefined) =>
    one && createRuleValidator(one, one['x-kubernetes-embedded-resource'] === true);
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const validator = below(property);
    return validator ? [[name, validator] as const] : [];
  });
  return {
    schema,
    isRoot,
    rules: compileRules(schema, isRoot) ?? [],
    items: below(items),
    values: below(values),
    properties: new Map(properties),
  };
}

export interface RuleOutcome {
  errors: FieldError[];
  /** Faults that were there before and are left alone. */
  warnings: string[];
  /** What is left of it. */
  budget: number;
}

/** Where a value stands, and what it was. */
interface At {
  path: string;
  value: unknown;
  old: unknown;
  /** Of the value, and of the nearest one around it that is known. */
  correlation: Correlation | undefined;
  around: Correlation | undefined;
}

export function runRules(
  validator: RuleValidator,
  { value, old, path = '', correlation }: { value: unknown; old?: unknown; path?: string; correlation?: Correlation },
): RuleOutcome {
  const pass: RuleOutcome = { errors: [], warnings: [], budget: OBJECT_BUDGET };
  visit(validator, { path, value, old, correlation, around: undefined }, pass);
  return pass;
}

/** False when the budget is used up. */
function visit(validator: RuleValidator, at: At, pass: RuleOutcome): boolean {
  if (at.value === null || at.value === undefined) return true;
  if (validator.rules.length > 0 && !judge(validator, at, pass)) return false;
  if (Array.isArray(at.value)) return visitItems(validator, at, pass);
  return isFields(at.value) ? visitFields(validator, at, pass) : true;
}

function visitItems({ schema, items }: RuleValidator, at: At, pass: RuleOutcome): boolean {
  if (!items) return true;
  const oldItem = oldItemOf(schema, at.old);
  return (at.value as unknown[]).every((item, i) => {
    const inside = { path: `${at.path}[${i}]`, value: item, old: oldItem?.(item) };
    return visit(items, { ...inside, ...within(at, (correlation) => correlation.index(i)) }, pass);
  });
}

function visitFields({ values, properties }: RuleValidator, at: At, pass: RuleOutcome): boolean {
  return Object.entries(at.value as Record<string, unknown>).every(([name, part]) => {
    const old = isFields(at.old) && Object.hasOwn(at.old, name) ? at.old[name] : undefined;
    const member = properties.get(name) ?? values;
    if (!member) return true;
    const path = properties.has(name) ? (at.path ? `${at.path}.${name}` : name) : `${at.path}[${name}]`;
    // Versions and kinds are converted to the same, so that nobody sees whether they changed.
    const isType = !at.around && (name === 'apiVersion' || name === 'kind');
    const known = isType
      ? { correlation: undefined, around: undefined }
      : within(at, (correlation) => correlation.key(name));
    return visit(member, { path, value: part, old, ...known }, pass);
  });
}

const within = ({ correlation, around }: At, step: (correlation: Correlation) => Correlation | undefined) =>
  correlation ? { correlation: step(correlation), around: correlation } : { correlation, around };

const isUnchanged = ({ correlation, around }: At): boolean => (correlation ?? around)?.isUnchanged() ?? false;

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

function judge({ schema, isRoot, rules }: RuleValidator, at: At, pass: RuleOutcome): boolean {
  const field = at.path || '<nil>';
  const refuse = (detail: string) => pass.errors.push(fieldError.invalid(field, schema.type ?? '', detail));
  const typed = isRoot ? withTypeAndMetadata(schema) : schema;
  const toValue = (data: unknown): Value => dataToValue(data, typed);
  const self = toValue(at.value);
  const oldSelf = at.old === undefined || at.old === null ? undefined : toValue(at.old);
  for (const compiled of rules) {
    const { rule, program, problem, usesOldSelf } = compiled;
    if (pass.budget <= 0) {
      refuse(OUT_OF_BUDGET);
      return false;
    }
    if (problem !== undefined) refuse(`rule compile error: ${problem}`);
    const isOptional = rule.optionalOldSelf === true;
    if (!program || (usesOldSelf && oldSelf === undefined && !isOptional)) continue;
    const optionalOld = oldSelf === undefined ? NONE : some(oldSelf);
    const known: Record<string, Value | undefined> = { self, oldSelf: isOptional ? optionalOld : oldSelf };
    const variables = (name: string): Value | undefined => known[name];
    const { value, cost } = program.evaluate(variables);
    if (cost > pass.budget) {
      refuse(OUT_OF_BUDGET);
      return false;
    }
    pass.budget -= cost;
    if (isFailure(value)) {
      const shown = shownRule(rule);
      if (value.message === COST_EXCEEDED) {
        const why = 'no further validation rules will be run due to call cost exceeds limit for rule';
        refuse(`'${value.message}': ${why}: ${shown}`);
        return false;
      }
      const overload = 'call arguments did not match a supported operator, function or macro signature for rule';
      if (value.message.startsWith('no such overload')) refuse(`'${value.message}': ${overload}: ${shown}`);
      else refuse(`${value.message} evaluating rule: ${shown}`);
      continue;
    }
    if (value === true) continue;
    if (!tell(compiled, { at, variables, pass, schema })) return false;
  }
  return true;
}

interface Telling {
  at: At;
  variables: (name: string) => Value | undefined;
  pass: RuleOutcome;
  schema: Schema;
}

/** Says what a rule has against a value; faults of what did not change are warnings. */
function tell(
  { rule, fieldPath, message, usesOldSelf }: CompiledRule,
  { at, variables, pass, schema }: Telling,
): boolean {
  const field = fieldPath ? (at.path ? `${at.path}.${fieldPath}` : fieldPath) : at.path || '<nil>';
  const add = (error: FieldError) => {
    if (!usesOldSelf && isUnchanged(at)) pass.warnings.push(`${error.field}: ${error.message}`);
    else pass.errors.push(error);
  };
  let detail = rule.message ? rule.message.trim() : `failed rule: ${shownRule(rule)}`;
  if (message) {
    const told = evaluateMessage(message, { source: rule.messageExpression ?? '', variables, pass });
    if (told.stop !== undefined) {
      add(fieldError.invalid(field, schema.type ?? '', told.stop));
      return false;
    }
    detail = told.text ?? detail;
  }
  const isWhole = schema.type === 'object' || schema.type === 'array';
  add(errorFor(rule.reason, { field, detail, value: isWhole ? undefined : at.value }));
  return true;
}

function errorFor(
  reason: string | undefined,
  { field, detail, value }: { field: string; detail: string; value: unknown },
): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return fieldError.forbidden(field, detail);
    case 'FieldValueRequired':
      return fieldError.required(field, detail);
    case 'FieldValueDuplicate':
      return value === undefined
        ? { reason: 'FieldValueDuplicate', field, message: 'Duplicate value' }
        : fieldError.duplicate(field, value);
    default:
      // Of objects and lists the value is not shown.
      return value === undefined
        ? { reason: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` }
        : fieldError.invalid(field, value, detail);
  }
}

const shownRule = ({ message, rule = '' }: Rule): string => (message ? message : rule).trim();

interface Message {
  source: string;
  variables: (name: string) => Value | undefined;
  pass: RuleOutcome;
}

/** What it says; nothing when it fails or says too much; `stop` when the budget is used up. */
function evaluateMessage(program: Program, { source, variables, pass }: Message): { text?: string; stop?: string } {
  const { value, cost } = program.evaluate(variables);
  if (cost > pass.budget) {
    return {
      stop: 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
    };
  }
  if (isFailure(value) && value.message === COST_EXCEEDED) {
    const why = 'no further validation rules will be run due to call cost exceeds limit for messageExpression';
    return { stop: `${why}: ${JSON.stringify(source)}` };
  }
  pass.budget -= cost;
  const text = typeof value === 'string' ? value.trim() : '';
  const isFit = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES;
  return isFit ? { text } : {};
}
