// Output for people: coloured and paged on a terminal, plain text in a pipe.
import { once } from 'node:events';
import { spawn } from '../../exec.ts';
import { colours, type Paint, plain } from '../../history/text.ts';

export interface Terminal {
  isTTY?: boolean | undefined;
  rows?: number | undefined;
  write(text: string): unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** NO_COLOR (no-color.org) and dumb terminals get none. */
export const paintFor = (terminal: Terminal, env: Environment): Paint =>
  terminal.isTTY && !env.NO_COLOR && env.TERM !== 'dumb' ? colours : plain;

/** The pager's command line; undefined when the lines are to be written as they are. */
export function pagerFor(lines: readonly string[], terminal: Terminal, env: Environment): string | undefined {
  // A terminal that does not know its size says 0.
  if (!terminal.isTTY || lines.length < (terminal.rows || Number.POSITIVE_INFINITY)) return undefined;
  const pager = env.PAGER ?? 'less -R';
  return pager === '' || pager === 'cat' ? undefined : pager;
}

export async function page(lines: readonly string[], terminal: Terminal, env: Environment): Promise<void> {
  const text = lines.map((line) => `${line}\n`).join('');
  const pager = pagerFor(lines, terminal, env);
  if (pager === undefined || !(await throughPager(pager, text))) terminal.write(text);
}

/** False when there is no such pager. */
async function throughPager(pager: string, text: string): Promise<boolean> {
  const child = spawn(['sh', '-c', pager], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: process.env.LESS ?? 'FRX' },
  });
  // Who leaves the pager does not read to the end.
  child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  child.stdin?.end(text);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code !== 127 && code !== 126; // sh's words for a command that is not there, or is none
}
