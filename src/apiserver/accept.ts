// Accept headers as github.com/munnerz/goautoneg reads them, its peculiar order of clauses included: clients depend on
// which of several types they get.

export interface Clause {
  type: string;
  subtype: string;
  quality: number;
  /** All but q. */
  parameters: ReadonlyMap<string, string>;
}

/** The clauses, most wanted first. What is malformed is left out; what has quality 0 comes last, but comes. */
export function parseAccept(header: string): Clause[] {
  const clauses = header.split(',').map(parseClause);
  return inOrder(clauses.filter((clause) => clause !== undefined));
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...rest] = text.split(';');
  const [type = '', subtype = type === '*' ? '*' : '', ...more] = range.split('/').map(trim);
  if (subtype === '' || more.length > 0) return undefined;
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const part of rest) {
    const [name = '', value = '', ...others] = part.split('=');
    if (value === '' || others.length > 0) continue;
    if (trim(name) === 'q') quality = Number(value) || 0;
    else parameters.set(trim(name), trim(value));
  }
  return { type, subtype, quality, parameters };
}

const trim = (text: string): string => text.replace(/^ +| +$/g, '');

/** The order is no order (a wildcard of higher quality is both before and after a type), so the way of sorting counts. */
function inOrder(clauses: Clause[]): Clause[] {
  for (let i = 1; i < clauses.length; i += 1) {
    for (let j = i; j > 0 && isBefore(clauses[j] as Clause, clauses[j - 1] as Clause); j -= 1) {
      [clauses[j - 1], clauses[j]] = [clauses[j] as Clause, clauses[j - 1] as Clause];
    }
  }
  return clauses;
}

const isBefore = (a: Clause, b: Clause): boolean =>
  a.quality > b.quality || (a.type !== '*' && b.type === '*') || (a.subtype !== '*' && b.subtype === '*');
