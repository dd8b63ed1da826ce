// How long tasks of a group had to wait: https://docs.kernel.org/accounting/psi.html. Pure.
import type { Pressure, Pressures } from '../cri/runtime.ts';
import type { ReadAccount } from './usage.ts';

/** {}: a kernel that does not account for it. */
export function pressuresOf(read: ReadAccount): { pressure?: Pressures } {
  const found = (['cpu', 'memory', 'io'] as const).flatMap((resource) => {
    const text = read('memory', `${resource}.pressure`); // version 2 has all in one folder
    return text ? [[resource, { full: timeOf(text, 'full'), some: timeOf(text, 'some') }] as const] : [];
  });
  return found.length > 0 ? { pressure: Object.fromEntries(found) } : {};
}

function timeOf(text: string, whose: keyof Pressure): Pressure[keyof Pressure] {
  const line = new RegExp(`^${whose} (.*)$`, 'm').exec(text)?.[1] ?? '';
  const number = (name: string) => Number(new RegExp(`${name}=([\\d.]+)`).exec(line)?.[1] ?? 0);
  return { total: number('total') * 1000, avg10: number('avg10'), avg60: number('avg60'), avg300: number('avg300') };
}
