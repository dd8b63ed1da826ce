// The facts about Kubernetes' own API (facts/*.json, made from the Go modules; docs/api-facts.md says how), read
// when first asked for and resolved by name. Inlined structs are flat here, as they are in JSON.
import { readFileSync } from 'node:fs';
import type { FieldSchema, ScalarType, SchemaSet, TypeRef, TypeSchema } from './schema.ts';

interface RawField {
  n?: string;
  t: string;
  o?: 1;
  oz?: 1;
  ptr?: 1;
  r?: 1;
  d?: unknown;
  sd?: unknown;
  e?: string[];
  lt?: 'atomic' | 'set' | 'map';
  lk?: string[];
  mt?: 'atomic' | 'granular';
  ps?: string;
  pk?: string;
  p?: number;
  in?: 1;
  gate?: string[];
}

interface RawType {
  f?: RawField[];
  s?: string;
  fmt?: string;
  tm?: 1;
  mt?: 'atomic' | 'granular';
}

/** One resource as discovery tells it. `on`: a default cluster serves it. */
export interface ResourceFact {
  g: string;
  v: string;
  r: string;
  sn: string;
  k: string;
  ns: boolean;
  on?: boolean;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  fs?: string[];
  sub?: Record<string, { k: string; verbs: string[] }>;
}

/** A kind's model, and since which release it is deprecated (the texts of warnings come from it). */
export interface KindFact {
  t: string;
  intro?: string;
  depr?: string;
  removed?: string;
  repl?: string;
}

interface Facts {
  groups: { g: string; versions: string[] }[];
  resources: ResourceFact[];
  kinds: Record<string, KindFact>;
  types: Record<string, RawType>;
}

/** [name, type, format, priority] of a column, by kind[.group]. */
export type ColumnFacts = Record<string, [name: string, type: string, format: string, priority: number][]>;

const read = <T>(file: string): T => JSON.parse(readFileSync(new URL(`facts/${file}`, import.meta.url), 'utf8')) as T;

/** The value of `make`, made when first asked for. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const facts = once(() => read<Facts>('schema.json'));

/** Groups in the order discovery lists them, versions in preference order. */
export const groups = (): readonly { group: string; versions: readonly string[] }[] =>
  facts().groups.map(({ g, versions }) => ({ group: g, versions }));

export const resourceFacts = (): readonly ResourceFact[] => facts().resources;
/** Objects of flow control that a server makes for itself. */
export interface FlowControlFacts {
  fsMandatory: { metadata: { name: string }; spec: unknown }[];
  fsSuggested: { metadata: { name: string }; spec: unknown }[];
  plcMandatory: { metadata: { name: string }; spec: unknown }[];
  plcSuggested: { metadata: { name: string }; spec: unknown }[];
}

export const flowControlFacts = once(() => read<{ flowcontrol: FlowControlFacts }>('bootstrap.json').flowcontrol);
/** Of local APIServices, by group: its priority, and those of its versions. */
export type ApiServicePriorities = Readonly<Record<string, readonly [number, Readonly<Record<string, number>>]>>;

export const apiServicePriorities = once(
  () => read<{ apiServicePriorities: ApiServicePriorities }>('bootstrap.json').apiServicePriorities,
);
export const columnFacts = once(() => read<ColumnFacts>('columns.json'));

export function findKindFact(group: string, version: string, kind: string): KindFact | undefined {
  const name = `${group ? `${group}/` : ''}${version}/${kind}`;
  const { kinds } = facts();
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

/** The same, of a kind that there is. Throws TypeError. */
export function kindFact(group: string, version: string, kind: string): KindFact {
  const fact = findKindFact(group, version, kind);
  if (!fact) throw new TypeError(`the API facts know no kind ${group}/${version} ${kind}`);
  return fact;
}

/** Resolves the model names of built-in types. Throws TypeError for a name that the facts do not know. */
export const builtinSchema: SchemaSet = resolver();

function resolver(): SchemaSet {
  const resolved = new Map<string, TypeSchema>();
  return {
    type(model) {
      let schema = resolved.get(model);
      if (!schema) {
        schema = resolve(model);
        resolved.set(model, schema);
      }
      return schema;
    },
  };
}

function rawType(model: string): RawType {
  const raw = facts().types[model];
  if (!raw) throw new TypeError(`the API facts know no type ${model}`);
  return raw;
}

function resolve(model: string): TypeSchema {
  const raw = rawType(model);
  const special = raw.s === undefined && raw.fmt === undefined ? undefined : specialOf(raw);
  return {
    model,
    fields: new Map(flatten(raw).map((field) => [field.name, field])),
    ...(special ? { special } : {}),
    typeMeta: raw.tm === 1,
    ...(raw.mt ? { mapType: raw.mt } : {}),
  };
}

const specialOf = (raw: RawType) => ({ json: raw.s ?? '', ...(raw.fmt ? { format: raw.fmt } : {}) });

interface Around {
  messages: readonly number[];
  structs: readonly string[];
}

function flatten(raw: RawType, around: Around = { messages: [], structs: [] }): FieldSchema[] {
  const { messages, structs } = around;
  return (raw.f ?? []).flatMap((field) => {
    if (field.in) {
      const model = field.t.slice(1);
      return flatten(rawType(model), {
        messages: field.p === undefined ? messages : [...messages, field.p],
        structs: [...structs, model.slice(model.lastIndexOf('.') + 1)],
      });
    }
    if (!field.n) return []; // no name: a Go field that never reaches JSON
    const schema = fieldSchema(field, field.n);
    if (messages.length > 0) schema.protobufPath = messages;
    if (structs.length > 0) schema.embeddedIn = structs;
    return [schema];
  });
}

function fieldSchema(field: RawField, name: string): FieldSchema {
  const schema: FieldSchema = {
    name,
    type: typeRef(field.t),
    omitEmpty: field.o === 1,
    pointer: field.ptr === 1,
    required: field.r === 1,
  };
  if (field.oz) schema.omitZero = true;
  if (field.e) schema.enum = field.e;
  if (field.lt) schema.listType = field.lt;
  if (field.lk) schema.listMapKeys = field.lk;
  if (field.mt) schema.mapType = field.mt;
  if (field.ps) schema.patchStrategy = field.ps;
  if (field.pk) schema.patchMergeKey = field.pk;
  if (field.p !== undefined) schema.protobuf = field.p;
  if (field.d !== undefined) schema.default = field.d;
  if (field.sd !== undefined) schema.observedDefault = field.sd;
  if (field.gate?.[0]) schema.featureGate = field.gate[0];
  return schema;
}

/** '[T]', '{T}', '#model' or a scalar's name. */
function typeRef(text: string): TypeRef {
  if (text.startsWith('[')) return { kind: 'list', item: typeRef(text.slice(1, -1)) };
  if (text.startsWith('{')) return { kind: 'map', value: typeRef(text.slice(1, -1)) };
  if (text.startsWith('#')) return { kind: 'struct', model: text.slice(1) };
  return { kind: text as ScalarType };
}
