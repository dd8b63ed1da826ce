// Which operations a resource has: one neutral list from its definition, which both dialects render.
import type { ResourceDefinition, SubresourceDefinition } from '../../api/definition.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

/** What a body holds: a named model, a plain string, or nothing said. */
export type Body = { model: string } | 'string';

export interface Operation {
  path: string;
  method: Method;
  /** x-kubernetes-action: list get post put patch delete deletecollection watch watchlist connect */
  action: string;
  operationId: string;
  gvk: { group: string; version: string; kind: string };
  /** Names of query parameters; those in the path are read from it. */
  query: readonly string[];
  request?: Body;
  response: Body;
  /** Codes of success. */
  codes: readonly number[];
  /** Whether the answer may also be a stream of watch events. */
  streams?: boolean;
  /** Of a custom resource: told in JSON and YAML only, without watches and strategic merge patches. */
  isCustom?: boolean;
}

/** Told of custom resources (k8s.io/apiextensions-apiserver pkg/controller/openapi/builder/builder.go buildRoute). */
export const CUSTOM_TYPES = ['application/json', 'application/yaml'];

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const LIST_QUERY = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'pretty',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'shardSelector',
  'timeoutSeconds',
  'watch',
];
const WRITE_QUERY = ['dryRun', 'fieldManager', 'fieldValidation', 'pretty'];
const DELETE_QUERY = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'pretty',
  'propagationPolicy',
];
const COLLECTION_QUERY = [
  ...new Set([...LIST_QUERY.filter((name) => name !== 'allowWatchBookmarks' && name !== 'watch'), ...DELETE_QUERY]),
].sort();
/** Query parameters of subresources that take options instead of a body. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  attach: ['container', 'stderr', 'stdin', 'stdout', 'tty'],
  exec: ['command', 'container', 'stderr', 'stdin', 'stdout', 'tty'],
  log: [
    'container',
    'follow',
    'insecureSkipTLSVerifyBackend',
    'limitBytes',
    'pretty',
    'previous',
    'sinceSeconds',
    'stream',
    'tailLines',
    'timestamps',
  ],
  portforward: ['ports'],
  proxy: ['path'],
};
const CONNECT_METHODS: readonly Method[] = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'];

/** Gives the model of a kind; what a definition does not carry (scales, evictions, lists) is asked for. */
export type ModelOf = (group: string, version: string, kind: string) => string;

export function operationsOf(definition: ResourceDefinition, modelOf: ModelOf): Operation[] {
  const { group, version, plural, kind, listKind, namespaced } = definition;
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const scope = namespaced ? '/namespaces/{namespace}' : '';
  const collection = `${root}${scope}/${plural}`;
  const item = `${collection}/{name}`;
  const has = (verb: string) => (definition.verbs as readonly string[]).includes(verb);
  const gvk = { group, version, kind };
  const isCustom = definition.customSchema !== undefined;
  const object: Body = { model: modelOf(group, version, kind) };
  const status: Body = { model: `${META}.Status` };
  const event: Body = { model: `${META}.WatchEvent` };
  const prefix = groupName(group) + capitalise(version);
  const place = `${namespaced ? 'Namespaced' : ''}${kind}`;
  const made: Operation[] = [];
  const add = (
    id: string,
    operation: Omit<Operation, 'gvk' | 'operationId' | 'codes'> & { codes?: readonly number[] },
  ) => made.push({ codes: [200], ...operation, gvk, operationId: id });

  if (has('list')) {
    const list: Body = { model: modelOf(group, version, listKind) };
    const listing = {
      method: 'get',
      action: 'list',
      query: LIST_QUERY,
      response: list,
      streams: !isCustom,
    } as const;
    add(`list${prefix}${place}`, { path: collection, ...listing });
    if (namespaced) add(`list${prefix}${kind}ForAllNamespaces`, { path: `${root}/${plural}`, ...listing });
  }
  if (has('create')) {
    add(`create${prefix}${place}`, {
      path: collection,
      method: 'post',
      action: 'post',
      query: WRITE_QUERY,
      request: object,
      response: object,
      codes: [200, 201, 202],
    });
  }
  if (has('deletecollection')) {
    add(`delete${prefix}Collection${place}`, {
      path: collection,
      method: 'delete',
      action: 'deletecollection',
      query: COLLECTION_QUERY,
      request: { model: `${META}.DeleteOptions` },
      response: status,
    });
  }
  if (has('get')) {
    add(`read${prefix}${place}`, { path: item, method: 'get', action: 'get', query: ['pretty'], response: object });
  }
  if (has('update')) add(`replace${prefix}${place}`, { path: item, ...replacing(object) });
  if (has('patch')) add(`patch${prefix}${place}`, { path: item, ...patching(object) });
  if (has('delete')) {
    add(`delete${prefix}${place}`, {
      path: item,
      method: 'delete',
      action: 'delete',
      query: DELETE_QUERY,
      request: { model: `${META}.DeleteOptions` },
      response: definition.returnDeletedObject ? object : status,
      codes: [200, 202],
    });
  }
  if (has('watch') && !isCustom) {
    const watching = { method: 'get', query: LIST_QUERY, response: event, streams: true } as const;
    const watch = `${root}/watch`;
    add(`watch${prefix}${place}`, { path: `${watch}${scope}/${plural}/{name}`, action: 'watch', ...watching });
    add(`watch${prefix}${place}List`, { path: `${watch}${scope}/${plural}`, action: 'watchlist', ...watching });
    if (namespaced) {
      add(`watch${prefix}${kind}ListForAllNamespaces`, {
        path: `${watch}/${plural}`,
        action: 'watchlist',
        ...watching,
      });
    }
  }
  for (const sub of Object.values(definition.subresources)) {
    made.push(...subresourceOperations(sub, { item, prefix, place, modelOf }));
  }
  return isCustom ? made.map((operation) => ({ ...operation, isCustom })) : made;
}

const replacing = (object: Body) =>
  ({ method: 'put', action: 'put', query: WRITE_QUERY, request: object, response: object, codes: [200, 201] }) as const;

const patching = (object: Body) =>
  ({
    method: 'patch',
    action: 'patch',
    query: [...WRITE_QUERY, 'force'],
    request: { model: `${META}.Patch` },
    response: object,
    codes: [200, 201],
  }) as const satisfies Partial<Operation>;

function subresourceOperations(
  sub: SubresourceDefinition,
  at: { item: string; prefix: string; place: string; modelOf: ModelOf },
): Operation[] {
  const path = `${at.item}/${sub.name}`;
  const gvk = { group: sub.group, version: sub.version, kind: sub.kind };
  const name = `${at.prefix}${at.place}${capitalise(sub.name)}`;
  const options = OPTIONS[sub.name];
  if (options && sub.name !== 'log') {
    const methods = sub.name === 'proxy' ? CONNECT_METHODS : (['get', 'post'] as const);
    const paths = sub.name === 'proxy' ? [path, `${path}/{path}`] : [path];
    return paths.flatMap((each) =>
      methods.map((method) => ({
        path: each,
        method,
        action: 'connect',
        operationId: `connect${at.prefix}${capitalise(method)}${at.place}${capitalise(sub.name)}${each === path ? '' : 'WithPath'}`,
        gvk,
        query: options,
        response: 'string' as const,
        codes: [200],
      })),
    );
  }
  const object: Body = sub.name === 'log' ? 'string' : { model: at.modelOf(sub.group, sub.version, sub.kind) };
  const verbs: Readonly<Record<string, Omit<Operation, 'path' | 'gvk'>>> = {
    get: {
      method: 'get',
      action: 'get',
      operationId: `read${name}`,
      query: options ?? ['pretty'],
      response: object,
      codes: [200],
    },
    update: { ...replacing(object), operationId: `replace${name}` },
    patch: { ...patching(object), operationId: `patch${name}` },
    create: {
      method: 'post',
      action: 'post',
      operationId: `create${name}`,
      query: WRITE_QUERY,
      request: object,
      response: object,
      codes: [200, 201, 202],
    },
  };
  return sub.verbs.flatMap((verb) => (verbs[verb] ? [{ path, gvk, ...verbs[verb] }] : []));
}

/** 'rbac.authorization.k8s.io' → 'RbacAuthorization', '' → 'Core' */
function groupName(group: string): string {
  if (group === '') return 'Core';
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capitalise)
    .join('');
}

export const capitalise = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
