// Which taints a pod tolerates, as v1helper.TolerationsTolerateTaint.
import type { Taint, Toleration } from '../../api/types/core/v1.ts';

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    case 'Lt':
      return numeric(taint.value, toleration.value, (a, b) => a < b);
    case 'Gt':
      return numeric(taint.value, toleration.value, (a, b) => a > b);
    default:
      return false;
  }
}

function numeric(a: string | undefined, b: string | undefined, compare: (a: bigint, b: bigint) => boolean): boolean {
  const integer = /^-?\d+$/;
  return a !== undefined && b !== undefined && integer.test(a) && integer.test(b) && compare(BigInt(a), BigInt(b));
}

/** The first taint for which `counts` holds and that no toleration covers. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  counts: (taint: Taint) => boolean,
): Taint | undefined {
  return taints?.find((taint) => counts(taint) && !tolerations?.some((t) => tolerates(t, taint)));
}
