// What the commands on snapshots share: flags, how progress is shown, and how a result is printed.
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../clock.ts';
import { configFlag, settingFlags } from '../settings.ts';

export const snapshotSettings = { ...settingFlags(['data-dir', 'run-dir', 'storage']), ...configFlag };

export const outputFlag = {
  output: Flags.string({ char: 'o', description: 'print it in this format', options: ['json', 'yaml'] }),
};

/** Passes over `tell` while `work` runs; what it tells goes to stderr, so that stdout holds the result alone. */
export async function shown<T>(
  work: (tell: (progress: { step: string; percent: number }) => void) => Promise<T>,
): Promise<T> {
  const { createPercentLines } = await import('../../daemon/progress.ts');
  const lines = createPercentLines(systemClock, process.stderr);
  try {
    return await work(({ step, percent }) => lines.tell(step, percent));
  } finally {
    lines.end();
  }
}

/** `value` in the asked format; undefined when none was asked for. */
export async function formatted(value: unknown, output: string | undefined): Promise<string | undefined> {
  if (output === 'json') return JSON.stringify(value, null, 2);
  if (output !== 'yaml') return undefined;
  const { stringify } = await import('yaml');
  return stringify(value).trimEnd();
}

/** As `ls -h` has them: 512 B, 3.4 MB. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
      .join('')
      .trimEnd(),
  );
}
