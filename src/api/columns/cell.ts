// Small parts that the rows of many kinds share, after pkg/printers/internalversion/printers.go.
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Cells } from '../behaviour.ts';
import type { Cell, TableContext } from '../definition.ts';
import { ageOf } from './age.ts';

/** A row maker that sees the object as its type, and gets name and age. */
export const row =
  <T>(print: (object: T, common: { name: string; age: string; context: TableContext }) => Cell[]): Cells =>
  (object: AnyObject, context: TableContext) =>
    print(object as unknown as T, {
      name: object.metadata.name ?? '',
      age: ageOf(object.metadata.creationTimestamp, context),
      context,
    });

/** labels.FormatLabels: sorted, '<none>' when there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.toSorted().join(',');
}

/** Names and images of containers, each with commas between. */
export const containerCells = (
  containers: readonly { name: string; image?: string }[] | undefined,
): [string, string] => [
  (containers ?? []).map(({ name }) => name).join(','),
  (containers ?? []).map(({ image }) => image ?? '').join(','),
];

/** `a,b,c + 2 more...` of the first `max`. */
export function listWithMore(list: readonly string[], max: number): string {
  const shown = list.slice(0, max).join(',');
  return list.length > max ? `${shown} + ${list.length - max} more...` : shown;
}
