// An API server small enough to read, for unit tests of what stands on the client: a Transport over a Map.
//
//   const api = fakeApi({ clock });
//   api.seed(podObject('a'));                 // put in as it is; uid, resourceVersion, … are filled in
//   const client = createClient(api.transport);
//   api.object('pods', 'default', 'a');       // what is stored now; api.objects('pods') for all
//   api.fail(request => request.method === 'POST' ? new StatusError(…) : undefined);   // fault knob; returns its removal
//   api.breakWatches(); api.expire();         // watches end; resuming watches get 410
//   api.requests                              // every request so far, 'POST /api/v1/…'
//
// Nothing is validated or defaulted. It knows: get, list and watch (label and metadata/… field selectors by equality, sendInitialEvents, bookmarks at the
// end of the initial events), create with generateName, update with conflicts, /status as separate part, merge and
// strategic patches (both as RFC 7386, lists replaced), apply (as merge, creating what is missing), delete with
// uid preconditions, finalizers and propagation (Foreground, Orphan as finalizers), deletecollection,
// uid, resourceVersion, generation (counts changes of spec), creationTimestamp, and the subresources eviction (deletes),
// binding (sets spec.nodeName), finalize (spec.finalizers), token (answers with a fixed one). A DELETE of a Pod that has
// a node only marks it, unless the grace is 0. Objects are frozen as the loopback's are.
import { randomUUID } from 'node:crypto';
import type { AnyObject, KubeObject, WatchEvent } from '../../src/apimachinery/meta.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  notFound,
  OBJECT_MODIFIED,
  pathNotFound,
} from '../../src/apimachinery/status-error.ts';
import { deepFreeze } from '../../src/apimachinery/value.ts';
import type { DeleteQuery } from '../../src/client/client.ts';
import type { Transport, TransportRequest } from '../../src/client/transport.ts';
import type { Clock } from '../../src/clock.ts';
import { timestamp } from '../../src/clock.ts';

type Change = { version: number; resource: string; event: WatchEvent };
type Fault = (request: TransportRequest) => Error | undefined;

export interface FakeApi {
  transport: Transport;
  requests: string[];
  seed<T extends KubeObject>(...objects: T[]): T[];
  object<T extends KubeObject>(plural: string, namespace: string | undefined, name: string): T | undefined;
  objects<T extends KubeObject>(plural: string, namespace?: string): T[];
  /** Every state so far, the oldest first. */
  states<T extends KubeObject>(plural: string): T[];
  /** Changes what is stored, past all rules: what a kubelet or a user did. */
  change<T extends KubeObject>(
    plural: string,
    namespace: string | undefined,
    name: string,
    edit: (object: T) => void,
  ): void;
  remove(plural: string, namespace: string | undefined, name: string): void;
  fail(fault: Fault): () => void;
  breakWatches(): void;
  /** Forgets all changes so far, so that resuming from before gets 410. */
  expire(): void;
}

export function fakeApi(options: { clock: Clock; streamingList?: boolean }): FakeApi {
  const { clock } = options;
  const stored = new Map<string, AnyObject>();
  const changes: Change[] = [];
  const faults = new Set<Fault>();
  const requests: string[] = [];
  const watchers = new Set<() => void>();
  const live = new Set<symbol>();
  let version = 0;
  let oldest = 0;

  const keyOf = (p: Place, name: string) => `${p.resource}|${p.namespace ?? ''}|${name}`;

  function commit(p: Place, type: WatchEvent['type'], object: AnyObject): AnyObject {
    version += 1;
    const next = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    const key = keyOf({ ...p, namespace: object.metadata.namespace }, object.metadata.name as string);
    if (type === 'DELETED') stored.delete(key);
    else stored.set(key, next);
    changes.push({ version, resource: p.resource, event: { type, object: next } });
    for (const wake of watchers) wake();
    return next;
  }

  function need(p: Place, name: string): AnyObject {
    const object = stored.get(keyOf(p, name));
    if (!object) throw notFound({ group: p.group, resource: p.plural }, name);
    return object;
  }

  const matching = (p: Place, query: URLSearchParams | undefined): AnyObject[] =>
    [...stored]
      .filter(([key, object]) => key.startsWith(`${p.resource}|`) && matches(p, query, object))
      .map(([, object]) => object);

  function create(p: Place, body: AnyObject): AnyObject {
    const name = body.metadata.name ?? `${body.metadata.generateName}${randomUUID().slice(0, 5)}`;
    const namespace = body.metadata.namespace ?? p.namespace;
    if (stored.has(keyOf({ ...p, namespace }, name))) throw alreadyExists({ group: p.group, resource: p.plural }, name);
    const metadata = {
      ...body.metadata,
      name,
      ...(namespace ? { namespace } : {}),
      uid: body.metadata.uid ?? randomUUID(),
      generation: body.metadata.generation ?? 1,
      creationTimestamp: body.metadata.creationTimestamp ?? timestamp(clock),
    };
    return commit(p, 'ADDED', structuredClone({ ...body, metadata }));
  }

  function update(p: Place, old: AnyObject, body: AnyObject, subresource: string | undefined): AnyObject {
    const wanted = body.metadata.resourceVersion;
    const group = { group: p.group, resource: p.plural };
    if (wanted && wanted !== old.metadata.resourceVersion)
      throw conflict(group, old.metadata.name ?? '', OBJECT_MODIFIED);
    if (body.metadata.uid && body.metadata.uid !== old.metadata.uid) {
      throw conflict(group, old.metadata.name ?? '', 'Precondition failed: UID in precondition');
    }
    const next: AnyObject =
      subresource === 'status'
        ? { ...old, status: body.status }
        : subresource === 'finalize'
          ? { ...old, spec: body.spec }
          : { ...body, ...(old.status === undefined ? {} : { status: old.status }) };
    const { uid, creationTimestamp, generation = 1, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
    next.metadata = {
      // As upstream's status strategies: the Deployment controller writes its revision annotation with the status.
      ...(subresource ? { ...old.metadata, annotations: body.metadata.annotations } : body.metadata),
      uid,
      creationTimestamp,
      ...(deletionTimestamp ? { deletionTimestamp, deletionGracePeriodSeconds } : {}),
      generation: same(next.spec, old.spec) ? generation : generation + 1,
      resourceVersion: old.metadata.resourceVersion,
    };
    if (same(next, old)) return old;
    const blocked = isBlocked(next);
    return commit(p, deletionTimestamp && !blocked && isBlocked(old) ? 'DELETED' : 'MODIFIED', structuredClone(next));
  }

  function remove(p: Place, old: AnyObject, query: DeleteQuery): KubeObject {
    const { uid, resourceVersion } = query.preconditions ?? {};
    if ((uid && uid !== old.metadata.uid) || (resourceVersion && resourceVersion !== old.metadata.resourceVersion)) {
      throw conflict({ group: p.group, resource: p.plural }, old.metadata.name ?? '', 'Precondition failed');
    }
    const extra = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: '' }[
      query.propagationPolicy ?? 'Background'
    ];
    const finalizers = [...new Set([...(old.metadata.finalizers ?? []), ...(extra ? [extra] : [])])];
    const spec = old.spec as { nodeName?: string; finalizers?: string[] } | undefined;
    const graceful = p.plural === 'pods' && spec?.nodeName !== undefined && query.gracePeriodSeconds !== 0;
    const marked = {
      ...old,
      ...(p.plural === 'namespaces' ? { status: { ...(old.status as object), phase: 'Terminating' } } : {}),
      metadata: {
        ...old.metadata,
        ...(finalizers.length > 0 ? { finalizers } : {}),
        deletionTimestamp: old.metadata.deletionTimestamp ?? timestamp(clock),
      },
    };
    if (graceful || isBlocked(marked)) {
      return same(marked.metadata, old.metadata) ? old : commit(p, 'MODIFIED', structuredClone(marked));
    }
    return commit(p, 'DELETED', structuredClone(old));
  }

  function handle(request: TransportRequest): KubeObject {
    const p = place(request.path);
    const body = request.body as AnyObject;
    if (!p.name) {
      if (request.method === 'POST') return create(p, body);
      const items = matching(p, request.query);
      if (request.method === 'DELETE')
        for (const item of items)
          remove({ ...p, namespace: item.metadata.namespace }, item, (request.body ?? {}) as DeleteQuery);
      return { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(version) }, items } as KubeObject;
    }
    if (
      request.method === 'PATCH' &&
      request.contentType === 'application/apply-patch+yaml' &&
      !stored.has(keyOf(p, p.name))
    ) {
      return create(p, body);
    }
    const old = need(p, p.name);
    if (request.method === 'GET') return old;
    if (request.method === 'PUT') return update(p, old, body, p.subresource);
    if (request.method === 'PATCH') return update(p, old, mergePatch(old, body) as AnyObject, p.subresource);
    if (request.method === 'DELETE') return remove(p, old, (request.body ?? {}) as DeleteQuery);
    switch (p.subresource) {
      case 'eviction':
        remove(p, old, {});
        break;
      case 'binding':
        update(
          p,
          old,
          { ...old, spec: { ...(old.spec as object), nodeName: (body.target as { name: string }).name } },
          undefined,
        );
        break;
      case 'token':
        return { ...body, status: { token: 'fake-token', expirationTimestamp: timestamp(clock) } } as KubeObject;
      default:
        throw badRequest(`the fake API has no subresource ${p.subresource}`);
    }
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } as KubeObject;
  }

  function admit(request: TransportRequest): void {
    requests.push(`${request.method} ${request.path}`);
    for (const fault of faults) {
      const error = fault(request);
      if (error) throw error;
    }
  }

  async function* stream(request: TransportRequest): AsyncIterable<WatchEvent> {
    admit(request);
    const query = request.query ?? new URLSearchParams();
    const p = place(request.path);
    const watch = Symbol(request.path);
    live.add(watch);
    let from = Number(query.get('resourceVersion') ?? 0);
    if (query.get('sendInitialEvents') === 'true') {
      if (options.streamingList === false) throw badRequest('sendInitialEvents is forbidden');
      from = version;
      for (const object of matching(p, query)) yield { type: 'ADDED', object };
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(from), annotations } } };
    } else if (from < oldest) throw expired(`too old resource version: ${from} (${oldest})`);
    try {
      while (live.has(watch) && !request.signal?.aborted) {
        for (const change of changes.filter((c) => c.version > from && c.resource === p.resource)) {
          from = change.version;
          if (matches(p, query, change.event.object as AnyObject)) yield change.event;
        }
        if (changes.some((c) => c.version > from && c.resource === p.resource)) continue;
        await wakened(request.signal);
      }
    } finally {
      live.delete(watch);
    }
  }

  const wakened = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        watchers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      watchers.add(wake);
      signal?.addEventListener('abort', wake);
    });
  const placeOf = (plural: string, namespace: string | undefined): Place => {
    const key = [...stored.keys()].find((k) => k.split('|')[0]?.split('/')[1] === plural);
    const group = key?.split('/')[0] ?? '';
    return { group, plural, resource: `${group}/${plural}`, namespace };
  };

  return {
    transport: {
      async request(request) {
        admit(request);
        return handle(request);
      },
      stream,
    },
    requests,
    seed: <T extends KubeObject>(...objects: T[]) =>
      objects.map((object) => create(placeOfKind(object), object as unknown as AnyObject) as unknown as T),
    object: <T extends KubeObject>(plural: string, namespace: string | undefined, name: string) =>
      stored.get(keyOf(placeOf(plural, namespace), name)) as T | undefined,
    objects: <T extends KubeObject>(plural: string, namespace?: string) =>
      matching(placeOf(plural, namespace), undefined) as unknown as T[],
    states: <T extends KubeObject>(plural: string) =>
      changes
        .filter((c) => c.resource === placeOf(plural, undefined).resource)
        .map((c) => c.event.object as unknown as T),
    change<T extends KubeObject>(
      plural: string,
      namespace: string | undefined,
      name: string,
      edit: (object: T) => void,
    ) {
      const p = placeOf(plural, namespace);
      const copy = structuredClone(need(p, name));
      edit(copy as unknown as T);
      commit(p, 'MODIFIED', copy);
    },
    remove(plural, namespace, name) {
      const p = placeOf(plural, namespace);
      commit(p, 'DELETED', structuredClone(need(p, name)));
    },
    fail(fault) {
      faults.add(fault);
      return () => faults.delete(fault);
    },
    breakWatches() {
      live.clear();
      for (const wake of watchers) wake();
    },
    expire() {
      oldest = version + 1;
      changes.length = 0;
    },
  };
}

interface Place {
  group: string;
  plural: string;
  resource: string;
  namespace?: string;
  name?: string;
  subresource?: string;
}

function place(path: string): Place {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '');
  let rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  let namespace: string | undefined;
  const ownSubresource = rest[2] === 'finalize' || rest[2] === 'status';
  if (rest[0] === 'namespaces' && rest.length > 2 && !ownSubresource) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural, name, subresource] = rest;
  if (!plural) throw pathNotFound();
  return { group, plural, resource: `${group}/${plural}`, namespace, name, subresource };
}

/** Good enough for the kinds there are: Endpoints stays, ...s gets es, ...y gets ies. */
function placeOfKind(object: KubeObject): Place {
  const kind = (object.kind ?? '').toLowerCase();
  const plural =
    kind === 'endpoints'
      ? kind
      : kind.endsWith('y')
        ? `${kind.slice(0, -1)}ies`
        : /(s|ch|x)$/.test(kind)
          ? `${kind}es`
          : `${kind}s`;
  const group = object.apiVersion?.includes('/') ? (object.apiVersion.split('/')[0] as string) : '';
  return { group, plural, resource: `${group}/${plural}`, namespace: object.metadata.namespace };
}

function matches(p: Place, query: URLSearchParams | undefined, object: AnyObject): boolean {
  if (p.namespace !== undefined && p.namespace !== object.metadata.namespace) return false;
  const pairs = (text: string | null | undefined) => (text ? text.split(',').map((pair) => pair.split(/==?/)) : []);
  const field = (path = '') =>
    path.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], object);
  return (
    pairs(query?.get('labelSelector')).every(([key = '', value]) => object.metadata.labels?.[key] === value) &&
    pairs(query?.get('fieldSelector')).every(([path, value]) => (field(path) ?? '') === value)
  );
}

const isBlocked = (object: AnyObject): boolean =>
  (object.metadata.finalizers?.length ?? 0) > 0 ||
  (object.kind === 'Namespace' &&
    ((object.spec as { finalizers?: string[] } | undefined)?.finalizers?.length ?? 0) > 0);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = { ...(typeof target === 'object' && !Array.isArray(target) ? target : {}) } as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
