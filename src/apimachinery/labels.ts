// Label selectors: the query language (`a=b,c in (d,e),!f`) and metav1.LabelSelector. Both become requirements that
// are all to be met. Grammar, wordings and order are those of k8s.io/apimachinery/pkg/labels/selector.go.
import {
  BINARY_OPERATORS,
  formatRequirement,
  keyProblems,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
  labelRequirement,
  matchesRequirement,
  SelectorError,
} from './label-requirement.ts';
import type { LabelSelector } from './meta.ts';

export { type LabelOperator, type LabelRequirement, type Labels, SelectorError } from './label-requirement.ts';

export interface ParsedLabelSelector {
  /** Sorted by key; none means everything matches. */
  readonly requirements: readonly LabelRequirement[];
  matches(labels: Labels | undefined): boolean;
}

/** Reads a selector from its text; '' selects everything. Throws SelectorError. */
export const parseLabelSelector = (text: string): ParsedLabelSelector => selectorOf(parse(text));

export const formatLabelSelector = (selector: ParsedLabelSelector): string =>
  selector.requirements.map(formatRequirement).join(',');

const META_OPERATORS: Record<string, LabelOperator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/**
 * The requirements of a metav1.LabelSelector. An empty one selects everything; for undefined, which selects nothing,
 * the answer is undefined. Throws SelectorError.
 */
export function labelSelectorOf(selector: LabelSelector | undefined): ParsedLabelSelector | undefined {
  if (selector === undefined) return undefined;
  const equals = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => labelRequirement(key, '=', [value]));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = META_OPERATORS[operator];
    if (!known) throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return labelRequirement(key, known, values ?? []);
  });
  return selectorOf([...equals, ...expressions]);
}

/** Whether `selector` selects an object with these labels; undefined selects nothing, an empty one everything. */
export const matchesLabelSelector = (selector: LabelSelector | undefined, labels: Labels | undefined): boolean =>
  labelSelectorOf(selector)?.matches(labels) ?? false;

/** A plain map of labels, as Services and ReplicationControllers select; an empty map matches everything. */
export const matchesLabelMap = (wanted: Labels, labels: Labels | undefined): boolean =>
  Object.entries(wanted).every(
    ([key, value]) => labels !== undefined && Object.hasOwn(labels, key) && labels[key] === value,
  );

/** As metav1.FormatLabelSelector prints it: '<none>' when it selects all or nothing, '<error>' when it is invalid. */
export function printLabelSelector(selector: LabelSelector | undefined): string {
  try {
    const parsed = labelSelectorOf(selector);
    return (parsed && formatLabelSelector(parsed)) || '<none>';
  } catch (error) {
    if (error instanceof SelectorError) return '<error>';
    throw error;
  }
}

function selectorOf(unsorted: readonly LabelRequirement[]): ParsedLabelSelector {
  const requirements = unsorted.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return {
    requirements,
    matches: (labels) => requirements.every((requirement) => matchesRequirement(requirement, labels ?? {})),
  };
}

type TokenKind =
  | 'end'
  | 'identifier'
  | 'error'
  | ')'
  | ','
  | '!'
  | '=='
  | '='
  | '>'
  | 'in'
  | '<'
  | '!='
  | 'notin'
  | '(';

interface Token {
  kind: TokenKind;
  text: string;
}

const SYMBOLS = new Set<string>([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
const PIECES = /[ \t\r\n]+|(?<symbols>[=!(),><]+)|(?<word>[^=!(),>< \t\r\n]+)/g;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  // Upstream's reader takes a NUL for the end of the text.
  for (const { groups } of text.split('\0', 1).join('').matchAll(PIECES)) {
    const word = groups?.word;
    if (word === 'in' || word === 'notin') tokens.push({ kind: word, text: word });
    else if (word !== undefined) tokens.push({ kind: 'identifier', text: word });
    else if (groups?.symbols) tokens.push(...symbolTokens(groups.symbols));
  }
  return [...tokens, { kind: 'end', text: '' }];
}

/** Cuts a run of symbols into the longest operators. */
function symbolTokens(run: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < run.length; ) {
    const two = run.slice(at, at + 2);
    const text = SYMBOLS.has(two) ? two : run.slice(at, at + 1);
    tokens.push({ kind: text as TokenKind, text });
    at += text.length;
  }
  return tokens;
}

function parse(text: string): LabelRequirement[] {
  const tokens = tokenize(text);
  let position = 0;
  const END: Token = { kind: 'end', text: '' };

  /** `in` and `notin` are operators only where one is expected; elsewhere they are words. */
  const peek = (): Token => asWord(tokens[position] ?? END);
  const take = (): Token => asWord(tokens[position++] ?? END);
  const takeOperator = (): Token => tokens[position++] ?? END;

  const requirements: LabelRequirement[] = [];
  for (;;) {
    const { kind, text: found } = peek();
    if (kind === 'end') return requirements;
    if (kind !== 'identifier' && kind !== '!') {
      throw new SelectorError(`found '${found}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(requirement());
    const next = take();
    if (next.kind === 'end') return requirements;
    if (next.kind !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
    const after = peek();
    if (after.kind !== 'identifier' && after.kind !== '!') {
      throw new SelectorError(`found '${after.text}', expected: identifier after ','`);
    }
  }

  function requirement(): LabelRequirement {
    try {
      return keyAndRest();
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  function keyAndRest(): LabelRequirement {
    let token = take();
    const negated = token.kind === '!';
    if (negated) token = take();
    if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const [problem] = keyProblems(key);
    if (problem) throw new SelectorError(problem);
    if (negated) return labelRequirement(key, '!', []);
    if (peek().kind === 'end' || peek().kind === ',') return labelRequirement(key, 'exists', []);
    const operator = operatorOf(takeOperator());
    const values = operator === 'in' || operator === 'notin' ? valueSet() : exactValue();
    return labelRequirement(key, operator, [...new Set(values)].toSorted());
  }

  function valueSet(): string[] {
    const open = take();
    if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = peek();
    if (first.kind === ')') {
      take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') {
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = identifiers();
    take();
    return values;
  }

  /** Up to the closing parenthesis, which stays; missing identifiers between commas are empty values. */
  function identifiers(): string[] {
    const values: string[] = [];
    for (;;) {
      const { kind, text: found } = take();
      if (kind === 'identifier') {
        values.push(found);
        const next = peek();
        if (next.kind === ')') return values;
        if (next.kind !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
      } else if (kind === ',') {
        if (values.length === 0 || peek().kind === ')' || peek().kind === ',') values.push('');
        if (peek().kind === ')') return values;
      } else throw new SelectorError(`found '${found}', expected: ',', or identifier`);
    }
  }

  function exactValue(): string[] {
    if (peek().kind === 'end' || peek().kind === ',') return [''];
    const { kind, text: found } = take();
    if (kind === 'identifier') return [found];
    throw new SelectorError(`found '${found}', expected: identifier`);
  }
}

const asWord = (token: Token): Token =>
  token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;

function operatorOf(token: Token): LabelOperator {
  switch (token.kind) {
    case '>':
      return 'gt';
    case '<':
      return 'lt';
    case 'in':
    case 'notin':
    case '=':
    case '==':
    case '!=':
      return token.kind;
    default:
      throw new SelectorError(`found '${token.text}', expected: ${BINARY_OPERATORS.join(', ')}`);
  }
}

/** As errors show labels: Go prints a map by its keys, and one that is not there as null. */
export const shownLabels = (labels: Readonly<Record<string, string>> | undefined): Record<string, string> | null =>
  labels ? Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))) : null;
