// The OpenAPI documents of a list of definitions: version 3 by group and version with an index, version 2 in one.
// Each is written when first asked for and kept; a changed list of definitions gets a new set.
import { createHash } from 'node:crypto';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { ResourceDefinition } from '../../api/definition.ts';
import { type Descriptions, readDescriptions } from '../../api/descriptions.ts';
import { kindFact } from '../../api/facts.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { servedGroups } from '../discovery/groups.ts';
import { customSchemas, listModelOf, modelOfDefinition, withCustomTypes } from './custom-types.ts';
import { VERSION_MODEL, withExtraTypes } from './extra-types.ts';
import { openapiV2Protobuf, openapiV3Protobuf } from './gnostic.ts';
import { mergeV2, type V2Part } from './merge-v2.ts';
import { capitalise, type ModelOf, type Operation, operationsOf } from './operations.ts';
import type { JsonSchema } from './schemas.ts';
import { openapiV2 } from './v2.ts';
import { type DocumentParts, type Extensions, MEDIA_TYPES, openapiV3, type PlainPath } from './v3.ts';

export interface OpenapiDocument {
  /** SHA-512 of the JSON in capitals: the hash of its URL, and in quotes its ETag. */
  readonly hash: string;
  /** The JSON as it is kept: all documents together are some 15 MB of text. */
  readonly gzip: Uint8Array;
  /** Unpacked anew each time. */
  readonly json: string;
}

export interface OpenapiDocuments {
  /** /openapi/v3 */
  index(): OpenapiDocument;
  /** /openapi/v3/<path>, e.g. 'apis/apps/v1', 'api', 'version' */
  v3(path: string): OpenapiDocument | undefined;
  /** /openapi/v2 */
  v2(): OpenapiDocument;
  /** The same as protobuf (openapi.v2.Document, openapi.v3.Document), made anew each time. */
  v2Protobuf(): Uint8Array;
  v3Protobuf(path: string): Uint8Array | undefined;
}

/** Lists of versions and groups are not served as CBOR. */
const LIST_TYPES = ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml'];
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
/** Kinds of meta that answers and bodies are made of. */
const META_KINDS = [
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'DeleteOptions',
  'Status',
  'WatchEvent',
];

/** `own` resolves the models of built-in definitions; custom resources bring their schema along. */
export function openapiDocuments(
  definitions: readonly ResourceDefinition[],
  own: SchemaSet,
  descriptions: () => Descriptions = readDescriptions,
): OpenapiDocuments {
  const schemas = withCustomTypes(withExtraTypes(own), definitions);
  const custom = customSchemas(definitions);
  const served = servedGroups(definitions);
  const modelOf = modelResolver(definitions);
  const extensions = extensionsOf(definitions, modelOf);
  const plans = new Map<string, () => Pick<DocumentParts, 'operations' | 'plain' | 'tag'>>();

  const plainOnly = (path: string, tag: string, name: string, model: string) =>
    plans.set(path, () => ({ tag, operations: [], plain: [plainPath(path, tag, name, model, LIST_TYPES)] }));
  plainOnly('api', 'core', 'getCoreAPIVersions', `${META}.APIVersions`);
  plainOnly('apis', 'apis', 'getAPIVersions', `${META}.APIGroupList`);
  for (const { name, versions } of served) {
    const tag = name === '' ? 'core' : tagOf(name);
    const id =
      name === ''
        ? 'Core'
        : tag
            .split('_')
            .map(capitalise)
            .join('')
            .replace(/^./, (c) => c.toUpperCase());
    if (name) plainOnly(`apis/${name}`, tag, `get${id}APIGroup`, `${META}.APIGroup`);
    for (const { version, definitions: resources } of versions) {
      const path = name ? `apis/${name}/${version}` : `api/${version}`;
      const full = `${tag}_${version}`;
      plans.set(path, () => ({
        tag: full,
        operations: resources.flatMap((definition) => operationsOf(definition, modelOf)),
        plain: [
          plainPath(path, full, `get${id}${capitalise(version)}APIResources`, `${META}.APIResourceList`, MEDIA_TYPES),
        ],
      }));
    }
  }
  const others: readonly [path: string, tag: string, id: string][] = [
    ['.well-known/openid-configuration', 'WellKnown', 'getServiceAccountIssuerOpenIDConfiguration'],
    ['openid/v1/jwks', 'openid', 'getServiceAccountIssuerOpenIDKeyset'],
    ['version', 'version', 'getCodeVersion'],
  ];
  for (const [path, tag, operationId] of others) {
    plans.set(path, () => ({
      tag,
      operations: [],
      plain: [
        {
          path: `/${path}/`,
          tag,
          operationId,
          response: path === 'version' ? { model: VERSION_MODEL } : 'string',
          mediaTypes: ['application/json'],
        },
      ],
    }));
  }

  // The documents are mostly written one after another; later nobody needs the texts.
  let read: WeakRef<Descriptions> | undefined;
  const texts = (): Descriptions => {
    const known = read?.deref();
    if (known) return known;
    const fresh = descriptions();
    read = new WeakRef(fresh);
    return fresh;
  };

  const written = new Map<string, OpenapiDocument>();
  const write = (key: string, make: () => JsonSchema): OpenapiDocument => {
    const known = written.get(key);
    if (known) return known;
    const document = documentOf(JSON.stringify(make()));
    written.set(key, document);
    return document;
  };
  const v3 = (path: string): OpenapiDocument | undefined => {
    const plan = plans.get(path);
    return (
      plan && write(`v3 ${path}`, () => openapiV3({ ...plan(), schemas, custom, extensions, descriptions: texts() }))
    );
  };
  const v2 = (): OpenapiDocument =>
    write('v2', () => {
      const parts = [...plans.values()].map((plan) => plan());
      const tags = new Map(parts.flatMap(({ operations, tag }) => operations.map((o) => [o, tag] as const)));
      return openapiV2({
        operations: parts.flatMap(({ operations }) => operations),
        plain: parts.flatMap(({ plain }) => plain),
        schemas,
        custom,
        extensions,
        descriptions: texts(),
        tagOf: (operation: Operation) => tags.get(operation) as string,
      });
    });
  return {
    v3,
    index: () =>
      write('index', () => ({
        paths: Object.fromEntries(
          [...plans.keys()]
            .sort()
            .map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${v3(path)?.hash}` }]),
        ),
      })),
    v2,
    v2Protobuf: () => openapiV2Protobuf(JSON.parse(v2().json) as object),
    v3Protobuf: (path) => {
      const document = v3(path);
      return document && openapiV3Protobuf(JSON.parse(document.json) as object);
    },
  };
}

/** The version 2 document with the parts of other servers. */
export function withParts(own: OpenapiDocuments, parts: readonly V2Part[]): OpenapiDocuments {
  if (parts.length === 0) return own;
  let merged: OpenapiDocument | undefined;
  const v2 = () => {
    merged ??= documentOf(JSON.stringify(mergeV2(JSON.parse(own.v2().json) as JsonSchema, parts)));
    return merged;
  };
  return { ...own, v2, v2Protobuf: () => openapiV2Protobuf(JSON.parse(v2().json) as object) };
}

const documentOf = (text: string): OpenapiDocument => {
  const gzip = gzipSync(text, { level: constants.Z_BEST_SPEED });
  return {
    hash: createHash('sha512').update(text).digest('hex').toUpperCase(),
    gzip,
    get json() {
      return gunzipSync(gzip).toString();
    },
  };
};

const plainPath = (
  path: string,
  tag: string,
  operationId: string,
  model: string,
  mediaTypes: readonly string[],
): PlainPath => ({ path: `/${path}/`, tag, operationId, response: { model }, mediaTypes });

/** 'rbac.authorization.k8s.io' → 'rbacAuthorization' */
const tagOf = (group: string): string =>
  group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map((word, at) => (at === 0 ? word : capitalise(word)))
    .join('');

/** Models of served kinds and their lists from the definitions, of other bodies (Scale, Eviction) from the facts. */
function modelResolver(definitions: readonly ResourceDefinition[]): ModelOf {
  const own = new Map<string, string>();
  for (const definition of definitions) {
    const { group, version, kind, listKind } = definition;
    own.set(`${group}/${version}/${kind}`, modelOfDefinition(definition));
    own.set(`${group}/${version}/${listKind}`, listModelOf(definition));
  }
  return (group, version, kind) => own.get(`${group}/${version}/${kind}`) ?? kindFact(group, version, kind).t;
}

function extensionsOf(definitions: readonly ResourceDefinition[], modelOf: ModelOf): Extensions {
  const kinds = new Map<string, { group: string; version: string; kind: string }[]>();
  const selectable = new Map<string, { fieldPath: string }[]>();
  const add = (group: string, version: string, kind: string): string => {
    const model = modelOf(group, version, kind);
    const known = kinds.get(model) ?? [];
    if (!known.some((k) => k.group === group && k.version === version && k.kind === kind)) {
      kinds.set(model, [...known, { group, version, kind }]);
    }
    return model;
  };
  for (const { group, version, kind, listKind, verbs, subresources, ...definition } of definitions) {
    const models = [kind, ...(verbs.includes('list') ? [listKind] : [])].map((told) => add(group, version, told));
    // builder.go tells them of custom resources alone.
    const paths = definition.customSchema ? Object.keys(definition.selectableFields) : [];
    const fields = paths.map((fieldPath) => ({ fieldPath }));
    if (fields.length > 0) for (const model of models) selectable.set(model, fields);
    for (const sub of Object.values(subresources)) {
      if (!sub.kind.endsWith('Options')) add(sub.group, sub.version, sub.kind);
    }
  }
  for (const kind of META_KINDS) {
    kinds.set(`${META}.${kind}`, [{ group: '', version: 'v1', kind }]);
  }
  return new Map(
    [...kinds].map(([model, of]) => [
      model,
      {
        'x-kubernetes-group-version-kind': of,
        ...(selectable.has(model) && { 'x-kubernetes-selectable-fields': selectable.get(model) }),
      },
    ]),
  );
}
