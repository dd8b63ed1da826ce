// Writes what Kubernetes says of its types and fields, for `kubectl explain`, to src/api/facts/descriptions.json.br. The
// texts are the comments of @kubernetes/client-node's models, which are made from upstream's OpenAPI; they are matched to
// the types of the facts by name and fields. The output is derived, so it is not committed; `npm ci` runs this (script
// "prepare"). The package is a development dependency of 65 MB: where it is not installed, `--fetch` takes these files out of
// its archive and keeps nothing else. Without them there are no texts, and everything else works.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Descriptions } from '../src/api/descriptions.ts';
import { builtinSchema } from '../src/api/facts.ts';

const root = path.join(import.meta.dirname, '..');
const PACKAGE = '@kubernetes/client-node';
const MODELS = 'dist/gen/models';
const out = path.join(root, 'src/api/facts/descriptions.json.br');

/** io.k8s.api.core.v1.EndpointPort is the class CoreV1EndpointPort, or V1EndpointPort where no other is called so. */
function classesOf(model: string): string[] {
  const [name = '', version = '', group = ''] = model.split('.').reverse();
  const plain = `${capital(version)}${name}`;
  return [`${capital(group)}${plain}`, plain];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The folder of the package's models, or undefined; `scratch` may be filled. */
function findModels(scratch: string): string | undefined {
  const installed = path.join(root, 'node_modules', PACKAGE, MODELS);
  if (existsSync(installed)) return installed;
  if (!process.argv.includes('--fetch')) return undefined;
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const version = packages[`node_modules/${PACKAGE}`]?.version ?? 'latest';
  const options = { cwd: scratch, encoding: 'utf8' } as const;
  const packed = spawnSync('npm', ['pack', '--silent', `${PACKAGE}@${version}`], options);
  if (packed.status !== 0) return undefined;
  const unpacked = spawnSync('tar', ['-xzf', packed.stdout.trim(), `package/${MODELS}`], options);
  return unpacked.status === 0 ? path.join(scratch, 'package', MODELS) : undefined;
}

interface Model {
  description: string;
  /** By JSON name. */
  fields: Map<string, string>;
  names: ReadonlySet<string>;
}

const COMMENTED = /\/\*\*\s*\* ((?:[^*]|\*(?!\/))*?)\s*\*\/\s*(?:export declare class \w+|'(\w+)'\??:)/g;

function readModel(models: string, name: string): Model | undefined {
  const file = path.join(models, name);
  if (!existsSync(`${file}.d.ts`)) return undefined;
  // JavaScript's names of fields differ from JSON's where they would be keywords.
  const attributes = readFileSync(`${file}.js`, 'utf8').matchAll(/"name": "(\w+)",\s*"baseName": "([^"]+)"/g);
  const names = new Map([...attributes].map(([, own = '', json = '']) => [own, json]));
  const model: Model = { description: '', fields: new Map(), names: new Set(names.values()) };
  for (const [, comment = '', field] of readFileSync(`${file}.d.ts`, 'utf8').matchAll(COMMENTED)) {
    const text = comment
      .replaceAll('*_/', '*/')
      .replace(/\\(['"])/g, '$1')
      .trim();
    if (field === undefined) model.description = text;
    else model.fields.set(names.get(field) ?? field, text);
  }
  return model;
}

function describe(models: string, model: string): Descriptions[string] | undefined {
  const { fields, typeMeta } = builtinSchema.type(model);
  const wanted = [...fields.keys(), ...(typeMeta ? ['apiVersion', 'kind'] : [])];
  for (const name of classesOf(model)) {
    const found = readModel(models, name);
    if (!found || !wanted.every((field) => found.names.has(field))) continue;
    return { '': found.description, ...Object.fromEntries(found.fields) };
  }
  return undefined;
}

const METADATA =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/** The models say nothing at fields of a type that has a name: the type's own text has to do. */
function borrow(model: string, texts: Record<string, string>, all: Descriptions): void {
  for (const { name, type } of builtinSchema.type(model).fields.values()) {
    if (texts[name] || type.kind !== 'struct') continue;
    const text = name === 'metadata' ? METADATA : all[type.model]?.[''];
    if (text) texts[name] = text;
  }
}

function write(models: string): void {
  const { types } = JSON.parse(readFileSync(path.join(root, 'src/api/facts/schema.json'), 'utf8')) as {
    types: Record<string, unknown>;
  };
  const all: Descriptions = {};
  for (const model of Object.keys(types).sort()) {
    const described = describe(models, model);
    if (described) all[model] = described;
  }
  for (const [model, texts] of Object.entries(all)) borrow(model, texts, all);
  const text = JSON.stringify(all);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
  writeFileSync(out, brotliCompressSync(text, { params }));
  console.log(`descriptions: ${Object.keys(all).length} of ${Object.keys(types).length} types`);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'api-descriptions-'));
try {
  const models = findModels(scratch);
  if (models) write(models);
  else {
    console.log(`descriptions: none, as ${PACKAGE} is not installed; kubectl explain shows fields and types only`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
