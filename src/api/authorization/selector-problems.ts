// Selectors that an access review cannot be judged by; what cannot be read is left out, which asks for more
// (pkg/registry/authorization/util/helpers.go).
import { parseFieldSelector } from '../../apimachinery/fields.ts';
import { parseLabelSelector, SelectorError } from '../../apimachinery/labels.ts';
import type { ResourceAttributes } from '../types/authorization/v1.ts';

const LABEL_OPERATORS = ['DoesNotExist', 'Exists', 'In', 'NotIn'];

interface Selector {
  rawSelector?: string;
  requirements?: readonly { operator?: string; values?: readonly string[] }[];
}

/** What the answer says of each selector that was not understood whole. */
export function selectorProblems({ fieldSelector, labelSelector }: ResourceAttributes): string[] {
  const fields = judge(fieldSelector as Selector | undefined, parseFieldSelector, ({ operator, values = [] }) => {
    return (operator === 'In' || operator === 'NotIn') && values.length === 1;
  });
  const labels = judge(labelSelector as Selector | undefined, parseLabelSelector, ({ operator = '' }) =>
    LABEL_OPERATORS.includes(operator),
  );
  const text = (name: string, how: string | undefined) =>
    how ? [`spec.resourceAttributes.${name} ${how} due to parse error`] : [];
  return [...text('fieldSelector', fields), ...text('labelSelector', labels)];
}

type Requirement = NonNullable<Selector['requirements']>[number];

function judge(
  selector: Selector | undefined,
  parse: (text: string) => unknown,
  isKnown: (requirement: Requirement) => boolean,
): 'ignored' | 'partially ignored' | undefined {
  if (selector?.rawSelector) return isReadable(selector.rawSelector, parse) ? undefined : 'ignored';
  const requirements = selector?.requirements ?? [];
  const known = requirements.filter(isKnown);
  if (known.length === requirements.length) return undefined;
  return known.length > 0 ? 'partially ignored' : 'ignored';
}

function isReadable(text: string, parse: (text: string) => unknown): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}
