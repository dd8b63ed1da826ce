// Between what bounds sizes and costs can be, as whole numbers below 2^64 that do not overflow
// (cel-go checker/cost.go SizeEstimate, CostEstimate).

export interface Estimate {
  readonly min: bigint;
  readonly max: bigint;
}

export const UNBOUNDED = 2n ** 64n - 1n;
export const UNKNOWN: Estimate = { min: 0n, max: UNBOUNDED };
export const NOTHING: Estimate = { min: 0n, max: 0n };

export const fixed = (amount: number | bigint): Estimate => ({ min: BigInt(amount), max: BigInt(amount) });
export const ONE: Estimate = fixed(1);

const capped = (amount: bigint): bigint => (amount > UNBOUNDED ? UNBOUNDED : amount);

export const plus = (a: Estimate, b: Estimate): Estimate => ({
  min: capped(a.min + b.min),
  max: capped(a.max + b.max),
});
export const times = (a: Estimate, b: Estimate): Estimate => ({
  min: capped(a.min * b.min),
  max: capped(a.max * b.max),
});

/** Rounded up. Computed as upstream does, in doubles: their errors are part of the limits. */
export const scaled = (a: Estimate, factor: number): Estimate => ({
  min: scaledAmount(a.min, factor),
  max: scaledAmount(a.max, factor),
});

function scaledAmount(amount: bigint, factor: number): bigint {
  const value = Math.ceil(Number(amount) * factor);
  return value >= 2 ** 64 ? UNBOUNDED : BigInt(value);
}

export const union = (a: Estimate, b: Estimate): Estimate => ({
  min: a.min < b.min ? a.min : b.min,
  max: a.max > b.max ? a.max : b.max,
});

export const sum = (estimates: readonly Estimate[]): Estimate => estimates.reduce(plus, NOTHING);
