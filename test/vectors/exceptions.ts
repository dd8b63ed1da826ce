// The scenarios whose recorded answers are not given yet, or not on purpose: exceptions/<recording>.txt, names
// sorted under `# reason` lines.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const fileOf = (recording: string): string => path.join(import.meta.dirname, 'exceptions', `${recording}.txt`);

/** Name of the scenario → reason. */
export function readExceptions(recording: string): Map<string, string> {
  const file = fileOf(recording);
  const exceptions = new Map<string, string>();
  if (!existsSync(file)) return exceptions;
  let reason = '';
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    if (line.startsWith('# ')) reason = line.slice(2);
    else exceptions.set(line, reason);
  }
  return exceptions;
}

export function writeExceptions(recording: string, exceptions: ReadonlyMap<string, string>): void {
  const file = fileOf(recording);
  if (exceptions.size === 0) {
    rmSync(file, { force: true });
    return;
  }
  const reasons = [...new Set(exceptions.values())].sort();
  const sections = reasons.map((reason) => {
    const names = [...exceptions].filter(([, its]) => its === reason).map(([name]) => name);
    return [`# ${reason}`, ...names.sort()].join('\n');
  });
  writeFileSync(file, `${sections.join('\n\n')}\n`);
}
