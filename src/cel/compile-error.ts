// What is wrong with an expression, printed as cel-go prints it: where, what, the line and a mark below it
// (common/error.go, common/errors.go).

export interface Problem {
  /** Index in the source, in UTF-16 units; -1 for the expression as a whole. */
  at: number;
  message: string;
}

const MAX_PROBLEMS = 100;
const MAX_LINE = 16384;

export function describeProblems(problems: readonly Problem[], source: string): string {
  const placed = problems.slice(0, MAX_PROBLEMS).map((problem) => ({ ...problem, ...locate(problem.at, source) }));
  placed.sort((a, b) => a.line - b.line || a.column - b.column);
  const texts = placed.map(({ line, column, message }) => {
    return `ERROR: <input>:${line}:${column + 1}: ${message}${snippet(line, column, source)}`;
  });
  if (problems.length > MAX_PROBLEMS) texts.push(`${problems.length - MAX_PROBLEMS} more errors were truncated`);
  return texts.join('\n');
}

/** Line from 1, column from 0 in code points. */
function locate(at: number, source: string): { line: number; column: number } {
  if (at < 0) return { line: -1, column: -1 };
  // Of nothing upstream has no place: the mark before the first column.
  if (source === '') return { line: 1, column: -1 };
  const before = source.slice(0, at).split('\n');
  return { line: before.length, column: [...(before.at(-1) ?? '')].length };
}

const isWide = (char: string | undefined): boolean => (char?.codePointAt(0) ?? 0) > 0x7f;

function snippet(line: number, column: number, source: string): string {
  const text = source.split('\n')[line - 1];
  if (line < 1 || !text || text.length > MAX_LINE) return '';
  const shown = text.replaceAll('\t', ' ');
  const chars = [...shown];
  const dots = chars.slice(0, Math.max(column, 0)).map((char) => (isWide(char) ? '．' : '.'));
  return `\n | ${shown}\n | ${dots.join('')}${isWide(chars[Math.max(column, 0)]) ? '＾' : '^'}`;
}
