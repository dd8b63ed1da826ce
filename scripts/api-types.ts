// Writes TypeScript types for every API type from src/api/facts/schema.json to src/api/types/<group>/<version>.ts.
// The output is derived, so it is not committed; `npm ci` runs this (script "prepare"). At run time nothing needs it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface FactField {
  n: string;
  t: string;
  o?: 1;
  oz?: 1;
  ptr?: 1;
  r?: 1;
  e?: string[];
  in?: 1;
}
interface FactType {
  f?: FactField[];
  tm?: 1;
  s?: string;
  fmt?: string;
}

const root = path.join(import.meta.dirname, '..');
const out = path.join(root, 'src/api/types');
const { types } = JSON.parse(readFileSync(path.join(root, 'src/api/facts/schema.json'), 'utf8')) as {
  types: Record<string, FactType>;
};

/** Types of which apimachinery has its own; they are re-exported under the generated name. */
const OWN = new Map(
  [
    'ObjectMeta',
    'OwnerReference',
    'ManagedFieldsEntry',
    'ListMeta',
    'LabelSelector',
    'LabelSelectorRequirement',
    'Status',
    'StatusCause',
  ].map((name) => [`io.k8s.apimachinery.pkg.apis.meta.v1.${name}`, name]),
);

/** io.k8s.api.core.v1.Pod → { file: 'core/v1', name: 'Pod' } */
function place(model: string): { file: string; name: string } {
  const parts = model.split('.');
  const name = parts.at(-1) as string;
  return { file: parts.slice(0, -1).slice(-2).join('/'), name };
}

const SCALARS: Record<string, string> = {
  string: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  float64: 'number',
  bytes: 'string',
  any: 'unknown',
};

function render(type: string, file: string, imports: Map<string, Set<string>>): string {
  if (type.startsWith('[')) return `${wrap(render(type.slice(1, -1), file, imports))}[]`;
  if (type.startsWith('{')) return `Record<string, ${render(type.slice(1, -1), file, imports)}>`;
  if (!type.startsWith('#')) return SCALARS[type] ?? 'unknown';
  const target = place(type.slice(1));
  if (target.file === file) return target.name;
  const alias = `${target.file.replace(/(^|\/)(\w)/g, (_m, _s, c: string) => c.toUpperCase())}${target.name}`;
  const names = imports.get(target.file) ?? new Set<string>();
  imports.set(target.file, names.add(`${target.name} as ${alias}`));
  return alias;
}

const wrap = (text: string): string => (/^[\w.]+(\[\])*$|^Record</.test(text) ? text : `(${text})`);

function special(type: FactType): string {
  if (type.fmt === 'int-or-string') return 'number | string';
  if (type.s === 'string') return 'string';
  if (type.s?.startsWith('[')) return 'string[]';
  return 'unknown';
}

function flatten(type: FactType): FactField[] {
  return (type.f ?? []).flatMap((f) => (f.in ? flatten(types[f.t.slice(1)] as FactType) : [f]));
}

function declare(model: string, file: string, imports: Map<string, Set<string>>): string {
  const type = types[model] as FactType;
  const { name } = place(model);
  if (type.s || type.fmt) return `export type ${name} = ${special(type)};\n`;
  const isKind = type.tm === 1;
  const lines = isKind ? ['  apiVersion?: string;', '  kind?: string;'] : [];
  for (const field of flatten(type)) {
    if (!field.n) continue; // a Go field that never reaches JSON
    if (isKind && (field.n === 'apiVersion' || field.n === 'kind')) continue;
    const always = isKind && ['metadata', 'spec'].includes(field.n) && !field.ptr;
    const required = field.r === 1 || always || !(field.o || field.oz || field.ptr);
    const values = field.e?.map((v) => JSON.stringify(v)).join(' | ');
    const rendered = values ? (field.t.startsWith('[') ? `(${values})[]` : values) : render(field.t, file, imports);
    const key = /^[\w$]+$/.test(field.n) ? field.n : JSON.stringify(field.n);
    lines.push(`  ${key}${required && (field.n !== 'status' || !isKind) ? '' : '?'}: ${rendered};`);
  }
  return `export interface ${name} {\n${lines.join('\n')}\n}\n`;
}

const files = new Map<string, string[]>();
for (const model of Object.keys(types).sort()) {
  const { file } = place(model);
  files.set(file, [...(files.get(file) ?? []), model]);
}

rmSync(out, { recursive: true, force: true });
for (const [file, models] of files) {
  const imports = new Map<string, Set<string>>();
  const own = models.filter((m) => OWN.has(m)).map((m) => OWN.get(m) as string);
  const bodies = models.filter((m) => !OWN.has(m)).map((m) => declare(m, file, imports));
  const up = '../'.repeat(file.split('/').length - 1);
  const head = [...imports].sort().map(([from, names]) => {
    return `import type { ${[...names].sort().join(', ')} } from '${up}${from}.ts';`;
  });
  if (own.length > 0) {
    const line = `import type { ${own.join(', ')} } from '${up}../../apimachinery/meta.ts';`;
    head.push(line, `export type { ${own.join(', ')} };`);
  }
  const target = path.join(out, `${file}.ts`);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(
    target,
    `// Made by scripts/api-types.ts from the API facts.\n${head.join('\n')}\n\n${bodies.join('\n')}`,
  );
}
console.log(`types: ${Object.keys(types).length} in ${files.size} files`);
