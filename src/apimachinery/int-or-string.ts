// Numbers that may be given as a percentage, as k8s.io/apimachinery/pkg/util/intstr scales them.

export type IntOrString = number | string;

export class IntOrStringError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'IntOrStringError';
  }
}

/** `5` as it is; '30%' of `total`, rounded up or down. Throws IntOrStringError for any other text. */
export function scaledValue(value: IntOrString, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const share = percentOf(value);
  return round === 'up' ? Math.ceil((share * total) / 100) : Math.floor((share * total) / 100);
}

function percentOf(text: string): number {
  if (!text.endsWith('%')) {
    throw new IntOrStringError('invalid value for IntOrString: invalid type: string is not a percentage');
  }
  const digits = text.slice(0, -1);
  if (!/^[-+]?[0-9]+$/.test(digits)) {
    throw new IntOrStringError(
      `invalid value for IntOrString: invalid value ${JSON.stringify(text)}: strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`,
    );
  }
  return Number(digits);
}

/** A whole number given as text becomes one, as intstr.Parse reads flags. */
export function parseIntOrString(text: string): IntOrString {
  const number = /^[-+]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : text;
}
