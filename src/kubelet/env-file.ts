// Files of variables that fileKeyRef names (KEP 3721; the format is that of pkg/kubelet/util/env/env_util.go): a part of
// the shell's syntax in which every value stands in single quotes and may run over several lines. Pure.

export class EnvFileError extends Error {
  constructor(message: string, line: number) {
    super(`invalid environment variable format at line ${line}: ${message}`);
    this.name = 'EnvFileError';
  }
}

/**
 * The value of `key`, '' when the file does not set it. What stands behind the key is not looked at.
 * Throws EnvFileError.
 */
export function envFileValue(text: string, key: string): string {
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] as string).replace(/^[ \t]+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const number = at + 1;
    const { name, value } = assignment(line, number);
    // As the shell has it: `KEY= 'value'` sets KEY to nothing.
    if (/^[ \t]/.test(value)) {
      if (name === key) return '';
      continue;
    }
    if (!value.startsWith("'")) throw new EnvFileError('value must be enclosed in single quotes', number);
    const parts: string[] = [];
    let rest = value.slice(1);
    for (let end = rest.indexOf("'"); ; end = rest.indexOf("'")) {
      if (end >= 0) {
        parts.push(rest.slice(0, end));
        rest = rest.slice(end + 1).replace(/^[ \t]+/, '');
        break;
      }
      parts.push(rest);
      at++;
      if (at >= lines.length || (at === lines.length - 1 && lines[at] === '')) {
        throw new EnvFileError('unclosed single quote', number);
      }
      rest = lines[at] as string;
    }
    if (rest !== '' && !rest.startsWith('#')) throw new EnvFileError('unexpected content after closing quote', at + 1);
    if (name === key) return parts.join('\n');
  }
  return '';
}

function assignment(line: string, number: number): { name: string; value: string } {
  const equals = line.indexOf('=');
  if (equals < 0) throw new EnvFileError("missing '='", number);
  const name = line.slice(0, equals);
  if (name.trim() === '') throw new EnvFileError('empty variable name', number);
  if (/[ \t]$/.test(name)) throw new EnvFileError("whitespace before '=' is not allowed", number);
  return { name, value: line.slice(equals + 1) };
}
