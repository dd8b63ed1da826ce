// The version 2 documents of other servers as part of ours: of each the paths of its group version, with the definitions
// and parameters that these refer to, under other names where ours means something else
// (k8s.io/kube-openapi pkg/aggregator MergeSpecsIgnorePathConflictRenamingDefinitionsAndParameters).
import { canonicalEqual, isObject } from '../../apimachinery/value.ts';
import type { JsonSchema } from './schemas.ts';

type Section = 'definitions' | 'parameters';
type Named = Record<string, unknown>;

export interface V2Part {
  paths: Named;
  definitions: Named;
  parameters: Named;
}

const SECTIONS: readonly Section[] = ['definitions', 'parameters'];
const REFERENCE = /^#\/(definitions|parameters)\/(.+)$/;

const named = (value: unknown): Named => (isObject(value) ? value : {});

/** Of a document what is below `prefix` (/apis/<group>/<version>). */
export function partOf(document: Readonly<Named>, prefix: string): V2Part {
  const paths = Object.entries(named(document.paths)).filter(([path]) => path.startsWith(`${prefix}/`));
  const part: V2Part = { paths: Object.fromEntries(paths), definitions: {}, parameters: {} };
  const gather = (value: unknown): void =>
    eachReference(value, (section, name) => {
      const all = named(document[section]);
      if (Object.hasOwn(part[section], name) || !Object.hasOwn(all, name)) return;
      part[section][name] = all[name];
      gather(all[name]);
    });
  gather(part.paths);
  return part;
}

function eachReference(value: unknown, visit: (section: Section, name: string) => void): void {
  if (Array.isArray(value)) for (const item of value) eachReference(item, visit);
  else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      const [, section, name] = (key === '$ref' && typeof member === 'string' && REFERENCE.exec(member)) || [];
      if (section && name) visit(section as Section, name);
      else eachReference(member, visit);
    }
  }
}

/** A new document; paths that ours has stay ours. */
export function mergeV2(own: JsonSchema, parts: readonly V2Part[]): JsonSchema {
  const merged = {
    ...own,
    paths: { ...named(own.paths) },
    definitions: { ...named(own.definitions) },
    parameters: { ...named(own.parameters) },
  };
  for (const part of parts) {
    const names = { definitions: new Map<string, string>(), parameters: new Map<string, string>() };
    for (const section of SECTIONS) {
      for (const [name, value] of Object.entries(part[section])) {
        names[section].set(name, freeName(merged[section], name, value));
      }
    }
    for (const section of SECTIONS) {
      for (const [name, value] of Object.entries(part[section])) {
        merged[section][names[section].get(name) as string] ??= renamed(value, names);
      }
    }
    for (const [path, item] of Object.entries(part.paths)) merged.paths[path] ??= renamed(item, names);
  }
  return merged;
}

/** The name itself, where nothing or the same has it; else the first of name_v2, name_v3 … */
function freeName(taken: Named, name: string, value: unknown): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}_v${n}`;
    if (!Object.hasOwn(taken, candidate) || canonicalEqual(taken[candidate], value)) return candidate;
  }
}

function renamed(value: unknown, names: Readonly<Record<Section, ReadonlyMap<string, string>>>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const [, section, name] = (key === '$ref' && typeof member === 'string' && REFERENCE.exec(member)) || [];
      if (!section || !name) return [key, renamed(member, names)];
      return [key, `#/${section}/${names[section as Section].get(name) ?? name}`];
    }),
  );
}
