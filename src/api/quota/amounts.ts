// Arithmetic over amounts by name (k8s.io/apiserver/pkg/quota/v1/resources.go).
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  isZeroQuantity,
  parseQuantity,
  type Quantity,
  subQuantity,
  ZERO,
} from '../../apimachinery/quantity.ts';

export type Amounts = ReadonlyMap<string, Quantity>;
type Texts = Readonly<Record<string, string>>;

export const amountsOf = (texts: Texts = {}): Amounts =>
  new Map(Object.entries(texts).map(([name, text]) => [name, parseQuantity(text)]));

export const textsOf = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries([...amounts].map(([name, quantity]) => [name, formatQuantity(quantity)]));

/** As upstream tells them in refusals: sorted, `name=amount,…`. */
export const shownAmounts = (amounts: Amounts): string =>
  [...amounts]
    .map(([name, quantity]) => `${name}=${formatQuantity(quantity)}`)
    .sort()
    .join(',');

export function add(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, quantity] of b) {
    const before = sum.get(name);
    sum.set(name, before ? addQuantity(before, quantity) : quantity);
  }
  return sum;
}

/** a - b, but nothing below zero. */
export function subtract(a: Amounts, b: Amounts): Amounts {
  const names = new Set([...a.keys(), ...b.keys()]);
  return new Map(
    [...names].map((name) => {
      const left = subQuantity(a.get(name) ?? ZERO, b.get(name) ?? ZERO);
      return [name, left.nano > 0n ? left : ZERO];
    }),
  );
}

export const largest = (...lists: readonly Amounts[]): Amounts => {
  const most = new Map<string, Quantity>();
  for (const list of lists) {
    for (const [name, quantity] of list) {
      const before = most.get(name);
      if (!before || compareQuantity(quantity, before) > 0) most.set(name, quantity);
    }
  }
  return most;
};

export const mask = (amounts: Amounts, names: Iterable<string>): Amounts => {
  const wanted = new Set(names);
  return new Map([...amounts].filter(([name]) => wanted.has(name)));
};

export const withoutZeros = (amounts: Amounts): Amounts =>
  new Map([...amounts].filter(([, quantity]) => !isZeroQuantity(quantity)));

export const negative = (amounts: Amounts): string[] =>
  [...amounts].filter(([, { nano }]) => nano < 0n).map(([name]) => name);

/** Which of `amounts` are more than `limits`; a name without a limit is none. */
export const exceeding = (amounts: Amounts, limits: Amounts): string[] =>
  [...limits]
    .filter(([name, limit]) => {
      const amount = amounts.get(name);
      return amount !== undefined && compareQuantity(amount, limit) > 0;
    })
    .map(([name]) => name);

export const equal = (a: Amounts, b: Amounts): boolean =>
  a.size === b.size &&
  [...a].every(([name, quantity]) => {
    const other = b.get(name);
    return other !== undefined && compareQuantity(quantity, other) === 0;
  });
