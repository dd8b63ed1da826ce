// Field selectors: comma-separated terms of one field and one value, as k8s.io/apimachinery/pkg/fields reads them.
import { SelectorError } from './label-requirement.ts';

export interface FieldTerm {
  field: string;
  op: '=' | '!=';
  value: string;
}

/** Terms in upstream's order (sorted as text); an empty text has none and matches everything. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldTerm[] {
  return splitTerms(text)
    .toSorted()
    .filter((part) => part !== '')
    .map((part) => parseTerm(part, text))
    .filter(({ field, value }) => field !== '' || value !== '');
}

/** True when every term agrees; `lookUp` gives '' for a field the object does not have. */
export const matchesFieldTerms = (terms: readonly FieldTerm[], lookUp: (field: string) => string): boolean =>
  terms.every((term) => (lookUp(term.field) === term.value) === (term.op === '='));

export const formatFieldSelector = (terms: readonly FieldTerm[]): string =>
  terms.map((term) => `${term.field}${term.op}${escapeFieldValue(term.value)}`).join(',');

/** The value `field` must have for any object to match, when the terms say so. */
export const requiredFieldValue = (terms: readonly FieldTerm[], field: string): string | undefined =>
  terms.find((term) => term.field === field && term.op === '=')?.value;

export const escapeFieldValue = (value: string): string => value.replace(/[\\,=]/g, '\\$&');

/** Splits at commas that no backslash precedes; backslashes stay. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function parseTerm(part: string, whole: string): FieldTerm {
  const found = /^(?<field>.*?)(?<op>!=|==|=)(?<value>.*)$/s.exec(part)?.groups;
  if (!found) throw new SelectorError(`invalid selector: '${whole}'; can't understand '${part}'`);
  const { field = '', op, value = '' } = found;
  return { field, op: op === '!=' ? '!=' : '=', value: unescapeValue(value) };
}

function unescapeValue(text: string): string {
  let value = '';
  const runes = [...text];
  for (let i = 0; i < runes.length; i++) {
    const rune = runes[i] as string;
    if (rune === '\\') {
      const next = runes[++i] ?? '';
      if (next === '' || !'\\,='.includes(next)) {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
      }
      value += next;
    } else if (rune === ',' || rune === '=') {
      // Upstream prints the rune's number.
      throw new SelectorError(`invalid field selector: unescaped character in value: ${rune.codePointAt(0)}`);
    } else value += rune;
  }
  return value;
}
