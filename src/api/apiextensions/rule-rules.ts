// Whether the expressions of a definition can be: they compile, are of the right type, and cannot cost too much
// (apiextensions-apiserver pkg/apis/apiextensions/validation validation.go, cel_validation.go).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { type CompiledRule, compileRules } from './rules.ts';
import { itemsOf, type Schema, valuesOf } from './schema.ts';

export const EXPRESSION_LIMIT = 10_000_000n;
export const DEFINITION_LIMIT = 100_000_000n;
const MAX_COST = 2n ** 64n - 1n;
const SHOWN_EXPENSIVE = 4;

export interface RuleChecks {
  /** What is wrong with the schema itself: there expressions are not looked at. */
  schemaErrors: readonly FieldError[];
  /** What was accepted before may cost what it costs. */
  isUnchanged: boolean;
}

interface Context {
  isRoot: boolean;
  /** How many there can be of the value; undefined when there is no bound. */
  cardinality: bigint | undefined;
  /** The outermost place that cannot be compared with what it was. */
  uncorrelatable?: string;
  /** There are rules around it, by whose types it is looked at. */
  isInScope?: boolean;
  /** Those types have no place for it: items of what is no list, values of what is no map. */
  hasNoType?: boolean;
}

interface Pass extends RuleChecks {
  errors: FieldError[];
  total: bigint;
  expensive: { field: string; cost: bigint }[];
}

export function ruleErrors(schema: Schema, path: string, checks: RuleChecks): FieldError[] {
  const pass: Pass = { ...checks, errors: [], total: 0n, expensive: [] };
  visit(schema, path, { isRoot: true, cardinality: 1n }, pass);
  if (pass.total > DEFINITION_LIMIT) {
    const each = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const whole = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    pass.errors.push(
      ...pass.expensive.map(({ field }) => fieldError.forbidden(field, each)),
      fieldError.forbidden(path, costMessage(whole, pass.total, DEFINITION_LIMIT)),
    );
  }
  return pass.errors;
}

function visit(schema: Schema, path: string, context: Context, pass: Pass): void {
  const cardinality = multiplied(context.cardinality, mostWithin(schema));
  const isInScope = context.isInScope || (schema['x-kubernetes-validations'] ?? []).length > 0;
  const below = (
    one: Schema | undefined,
    name: string,
    part: { isCorrelatable?: boolean; hasType?: boolean },
  ): void => {
    if (!one) return;
    const { isCorrelatable = true, hasType = true } = part;
    const { uncorrelatable = isCorrelatable ? undefined : path } = context;
    const inside: Context = {
      isRoot: one['x-kubernetes-embedded-resource'] === true,
      cardinality,
      isInScope,
      hasNoType: isInScope && !hasType,
    };
    visit(one, `${path}.${name}`, uncorrelatable === undefined ? inside : { ...inside, uncorrelatable }, pass);
  };
  const properties = Object.entries(schema.properties ?? {});
  below(valuesOf(schema), 'additionalProperties', { hasType: schema.type === 'object' && properties.length === 0 });
  for (const [key, property] of properties) below(property, `properties[${key}]`, {});
  const isCorrelatable = schema['x-kubernetes-list-type'] === 'map';
  below(itemsOf(schema), 'items', { isCorrelatable, hasType: schema.type === 'array' });
  if (schema['x-kubernetes-validations']?.length) ownErrors(schema, path, context, pass);
}

/** How many values one of this schema holds directly. */
function mostWithin(schema: Schema): bigint | undefined {
  const bound = (most: number | bigint | undefined) => (most === undefined ? undefined : BigInt(most < 0 ? 0 : most));
  if (schema.type === 'object' && schema.additionalProperties !== undefined) return bound(schema.maxProperties);
  return schema.type === 'array' ? bound(schema.maxItems) : 1n;
}

function multiplied(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a * b > MAX_COST ? MAX_COST : a * b;
}

function ownErrors(schema: Schema, path: string, context: Context, pass: Pass): void {
  const isFaulty = pass.schemaErrors.some(
    ({ field }) => field.startsWith(path) && /^[.[]/.test(field.slice(path.length)) && !isOfList(field, path),
  );
  if (isFaulty) return;
  const compiled = compileRules(schema, context.isRoot);
  const at = `${path}.x-kubernetes-validations`;
  if (context.hasNoType) {
    pass.errors.push(fieldError.internal(at, 'failed to convert to declType for CEL validation rules'));
    return;
  }
  if (!compiled) {
    const why = 'failed to construct type information for x-kubernetes-validations rules';
    const message = `Internal error: internal error: ${why}: unable to convert structural schema to CEL declarations`;
    pass.errors.push({ reason: 'InternalError', field: at, message });
    return;
  }
  for (const [i, rule] of compiled.entries()) judge(rule, `${at}[${i}]`, context, pass);
}

/** What a list asks of its items is no fault of theirs. */
const isOfList = (field: string, path: string): boolean =>
  path.endsWith('.items') && /^\.x-kubernetes-(map|list)-type$/.test(field.slice(path.length));

/** As errors show a rule: its fields have the names of upstream's internal type. */
const internalForm = (rule: CompiledRule['rule']) => ({
  Rule: rule.rule ?? '',
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
});

function judge(compiled: CompiledRule, at: string, context: Context, pass: Pass): void {
  const { rule, usesOldSelf, problem, messageProblem, message } = compiled;
  const { errors } = pass;
  const cost = multiplied(compiled.cost, context.cardinality ?? compiled.cardinality) as bigint;
  const expression = rule.rule ?? '';
  count({ field: `${at}.rule`, name: 'estimated rule cost', cost }, pass);
  if (problem !== undefined) errors.push(fieldError.invalid(`${at}.rule`, internalForm(rule), problem));
  if (messageProblem !== undefined)
    errors.push(fieldError.invalid(`${at}.messageExpression`, internalForm(rule), messageProblem));
  else if (message) {
    const field = `${at}.messageExpression`;
    count({ field, name: 'estimated messageExpression cost', cost: compiled.messageCost }, pass);
  }
  if (usesOldSelf && context.uncorrelatable !== undefined) {
    const text = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${context.uncorrelatable}`;
    errors.push(fieldError.invalid(`${at}.rule`, expression, text));
  } else if (!usesOldSelf && rule.optionalOldSelf !== undefined) {
    const text = 'may not be set if oldSelf is not used in rule';
    errors.push(fieldError.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, text));
  }
}

function count({ field, name, cost }: { field: string; name: string; cost: bigint }, pass: Pass): void {
  if (!pass.isUnchanged && cost > EXPRESSION_LIMIT) {
    pass.errors.push(fieldError.forbidden(field, costMessage(name, cost, EXPRESSION_LIMIT)));
  }
  pass.total = pass.total + cost > MAX_COST ? MAX_COST : pass.total + cost;
  if (cost < DEFINITION_LIMIT / 100n) return;
  const all = [...pass.expensive, { field, cost }].sort((a, b) => (a.cost > b.cost ? -1 : a.cost < b.cost ? 1 : 0));
  pass.expensive = all.slice(0, SHOWN_EXPENSIVE);
}

function costMessage(name: string, cost: bigint, limit: bigint): string {
  const factor = Number(cost) / Number(limit);
  const shown = factor > 100 ? 'more than 100x' : `${rounded(factor, factor < 1.5 ? 6 : 1)}x`;
  const how =
    'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${name} exceeds budget by factor of ${shown} (${how})`;
}

/** As Go prints: of two numbers that are exactly as near, the even one, where toFixed() takes the greater. */
function rounded(value: number, digits: number): string {
  const exact = value.toFixed(EXACT_DIGITS);
  const end = exact.indexOf('.') + 1 + digits;
  const isTie = /^50*$/.test(exact.slice(end));
  return isTie && Number(exact[end - 1]) % 2 === 0 ? exact.slice(0, end) : value.toFixed(digits);
}

/** No double between 1 and 100 has more decimals. */
const EXACT_DIGITS = 60;
