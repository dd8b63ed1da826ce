// One condition on an object's labels: what it may hold, when it matches, how it reads as text.
// Wordings and semantics are those of labels.Requirement in k8s.io/apimachinery/pkg/labels/selector.go.
import { isQualifiedName, isValidLabelValue } from './names.ts';

/** A selector that cannot be read; its message is what upstream answers with a 400. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SelectorError';
  }
}

export type Labels = Readonly<Record<string, string>>;

export const BINARY_OPERATORS = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'] as const;
export type LabelOperator = (typeof BINARY_OPERATORS)[number] | 'exists' | '!';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** Checks key, operator and values against each other; throws SelectorError with everything that is wrong. */
export function labelRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const problems = [
    ...keyProblems(key, 'key'),
    ...countProblems(operator, values),
    ...values.flatMap((value, i) =>
      joined(isValidLabelValue(value)).map((why) => invalidValue(`values[${i}][${key}]`, value, why)),
    ),
  ];
  if (problems.length > 0) throw new SelectorError(aggregate(problems));
  return { key, operator, values };
}

/** Upstream prints the path it was not given as `<nil>`. */
export const keyProblems = (key: string, path = '<nil>'): string[] =>
  joined(isQualifiedName(key)).map((why) => invalidValue(path, key, why));

const joined = (problems: readonly string[]): string[] => (problems.length > 0 ? [problems.join('; ')] : []);

const invalidValue = (path: string, value: unknown, why: string): string =>
  `${path}: Invalid value: ${JSON.stringify(value)}: ${why}`;

function aggregate(problems: readonly string[]): string {
  const unique = [...new Set(problems)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

function countProblems(operator: LabelOperator, values: readonly string[]): string[] {
  const wrong = (why: string): string[] => [invalidValue('values', values, why)];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? wrong("for 'in', 'notin' operators, values set can't be empty") : [];
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : wrong('exact-match compatibility requires one single value');
    case 'exists':
    case '!':
      return values.length === 0 ? [] : wrong('values set must be empty for exists and does not exist');
    case 'gt':
    case 'lt':
      return [
        ...(values.length === 1 ? [] : wrong("for 'Gt', 'Lt' operators, exactly one value is required")),
        ...values.flatMap((value, i) =>
          integer(value) === undefined
            ? [invalidValue(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")]
            : [],
        ),
      ];
  }
}

export function matchesRequirement(requirement: LabelRequirement, labels: Labels): boolean {
  const { key, operator, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      const have = value === undefined ? undefined : integer(value);
      const bound = integer(values[0] ?? '');
      if (have === undefined || bound === undefined) return false;
      return operator === 'gt' ? have > bound : have < bound;
    }
  }
}

/** strconv.ParseInt(text, 10, 64). */
function integer(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const sorted = values.toSorted().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${sorted})`;
    case 'gt':
      return `${key}>${sorted}`;
    case 'lt':
      return `${key}<${sorted}`;
    default:
      return `${key}${operator}${sorted}`;
  }
}
