// The outcome of a run: rows for the terminal and for docs/benchmarks.md, the newest run first.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

export interface Row {
  name: string;
  value: string;
  /** What the number is held against: a goal, or a baseline measured in the same run. */
  against?: string;
}

export const ms = (value: number): string =>
  value < 1 ? `${value.toFixed(2)} ms` : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Markdown of one run. */
export function render(rows: readonly Row[], { date, remarks }: { date: string; remarks: readonly string[] }): string {
  const cpu = cpus();
  const machine = `${cpu[0]?.model.trim() ?? 'unknown processor'}, ${cpu.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `## ${date}`,
    '',
    machine,
    '',
    ...remarks.flatMap((remark) => [`- ${remark}`]),
    ...(remarks.length > 0 ? [''] : []),
    line(['measured', 'value', 'against']),
    line(['---', '---', '---']),
    ...rows.map((row) => line([row.name, row.value, row.against ?? ''])),
    '',
  ].join('\n');
}

const HEAD = `# Benchmarks

\`npm run bench\` measures and writes a run here, the newest first. Times are medians unless said otherwise; what a
number is held against is a goal of the project, or a baseline measured in the same run. On a machine that does
other work meanwhile, numbers differ by half and more from run to run.

`;

/** Puts `run` before the earlier ones. */
export function record(file: string, run: string): void {
  let before = '';
  try {
    before = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const first = before.indexOf('\n## ');
  writeFileSync(file, `${HEAD}${run}${first < 0 ? '' : before.slice(first)}`);
}
