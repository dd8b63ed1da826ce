// Names of fields as identifiers: what no identifier can be is spelt out between underscores
// (k8s.io/apiserver pkg/cel/escaping.go).

const RESERVED = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import'],
  ...['let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'],
]);
const SPELT: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};
const MEANT: ReadonlyMap<string, string> = new Map(
  Object.entries(SPELT).map(([meant, spelt]) => [spelt.slice(2, -2), meant]),
);

/** Undefined when the name cannot be written. */
export function escapeName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (part) => SPELT[part] as string);
}

/** Undefined for what is no escaped name. */
export function unescapeName(escaped: string): string | undefined {
  let valid = true;
  const name = escaped.replace(/__[^_]+__/g, (part) => {
    const inner = part.slice(2, -2);
    const meant = MEANT.get(inner);
    if (meant !== undefined) return meant;
    valid &&= RESERVED.has(inner) && part.length === escaped.length;
    return inner;
  });
  return valid ? name : undefined;
}
