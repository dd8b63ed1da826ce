// YAML as sigs.k8s.io/yaml (go.yaml.in/yaml/v2) turns it into JSON: YAML 1.1 words for booleans, no base-60 numbers,
// timestamps stay text, repeated keys are reported, and only the first document of a stream counts.
import { type Document, isCollection, isScalar, LineCounter, parseDocument, type ScalarTag, visit } from 'yaml';
import type { Json } from '../meta.ts';
import { type Decoded, DecodeError } from './decoded.ts';
import { exactInteger } from './exact.ts';
import { decodeJson } from './json.ts';

const scalar = (tag: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag => ({
  default: true,
  tag: `tag:yaml.org,2002:${tag}`,
  test,
  resolve,
});

/** resolve.go of go.yaml.in/yaml/v2, in its order. */
const PLAIN: ScalarTag[] = [
  scalar('null', /^(?:~|null|Null|NULL)?$/, () => null),
  scalar('bool', /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  scalar('bool', /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  scalar('int', /^[-+]?0_*[bB][01_]+$/, (text) => integer(text, 2)),
  scalar('int', /^[-+]?0_*[oO]?[0-7_]+$/, (text) => integer(text, 8)),
  scalar('int', /^[-+]?0_*[xX][0-9a-fA-F_]+$/, (text) => integer(text, 16)),
  scalar('int', /^[-+]?[0-9][0-9_]*$/, (text) => {
    const digits = text.replaceAll('_', '').replace(/^\+/, '');
    return exactInteger(digits) ?? Number(digits);
  }),
  scalar('float', /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/, (text) =>
    Number(text.replaceAll('_', '')),
  ),
  scalar('float', /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/, (text) => {
    throw new DecodeError(`json: unsupported value: ${text}`);
  }),
  // Bytes become text, as they are.
  { tag: 'tag:yaml.org,2002:binary', resolve: (text) => Buffer.from(text, 'base64').toString() },
];

function integer(text: string, radix: number): number {
  const digits =
    text
      .replaceAll('_', '')
      .replace(/^[-+]/, '')
      .replace(/^0[bBoOxX]?/, '') || '0';
  const value = Number.parseInt(digits, radix);
  return text.startsWith('-') ? -value : value;
}

/** Reads the first document of a YAML text, which JSON is too. Throws DecodeError. */
export function decodeYaml(body: Uint8Array | string): Decoded {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const json = readAsJson(text);
  if (json) return json;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    schema: 'failsafe',
    customTags: PLAIN,
    merge: true,
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
  });
  const broken = document.errors.find((error) => error.code !== 'MULTIPLE_DOCS');
  if (broken) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new DecodeError(`yaml: line ${line}: ${broken.message}`);
  }
  const repeated = repeatedKeys(document, lines);
  return {
    value: plainValue(document),
    duplicates: [],
    // Upstream's detour over float64 writes 5.0 and 3e1 as plain integers, so no literal matters.
    literals: new Map(),
    problems: repeated.length > 0 ? [`yaml: unmarshal errors:\n${repeated.map((r) => `  ${r}`).join('\n')}`] : [],
  };
}

/**
 * Clients say YAML and send JSON, above all with apply patches, and reading it as such is many times faster. undefined
 * for what is no JSON, or is told about in YAML's words.
 */
function readAsJson(text: string): Decoded | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { value, duplicates } = decodeJson(text);
    return duplicates.length > 0 ? undefined : { value, duplicates: [], literals: new Map(), problems: [] };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Aliases are followed, but not so often that a small text becomes a huge value. */
function plainValue(document: Document): Json {
  try {
    return document.toJS({ maxAliasCount: 1000 }) as Json;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new DecodeError('yaml: document contains excessive aliasing');
  }
}

function repeatedKeys(document: Document, lines: LineCounter): string[] {
  const found: string[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (isCollection(key) || (isScalar(key) && key.value === null)) {
          throw new DecodeError('unsupported map key');
        }
        if (!isScalar(key) || key.value === '<<') continue;
        const name = String(key.value);
        if (seen.has(name)) {
          found.push(`line ${lines.linePos(key.range?.[0] ?? 0).line}: key ${JSON.stringify(name)} already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return found;
}
