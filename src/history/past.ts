// What the server remembers: histories, changes, and objects and lists as they were. Every call rejects with StatusError,
// TransportError, or NoHistory when the server keeps none.
import type { ResourceType } from '../api/definition.ts';
import { type AnyObject, formatGroupVersion, type KubeObject, type List } from '../apimachinery/meta.ts';
import { hasReason, StatusError } from '../apimachinery/status-error.ts';
import { resourcePath } from '../client/create-client.ts';
import type { Transport } from '../client/transport.ts';
import type { Moment } from './moment.ts';
import type { Change, HistoryPage, Retained, Revision } from './types.ts';

/** Which object, whether it is there or not. */
export interface ObjectName {
  type: ResourceType;
  /** Undefined for what is in none. */
  namespace: string | undefined;
  name: string;
}

/** Newest first, at most `limit`. Ends are included. */
export interface Span {
  from?: Moment | undefined;
  to?: Moment | undefined;
  limit?: number | undefined;
}

export interface ChangesQuery extends Span {
  namespace?: string | undefined;
  user?: string | undefined;
  /** deployments.apps */
  resource?: string | undefined;
}

export interface Remembered<T extends Revision> {
  items: T[];
  retainedSince: Retained;
  /** There is more in the span, which the limit cut off. */
  more: boolean;
}

export interface ListSelection {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

export interface Past {
  history(name: ObjectName, span?: Span): Promise<Remembered<Revision>>;
  changes(query: ChangesQuery): Promise<Remembered<Change>>;
  /** undefined when it was not there. Without a moment: as it is. */
  objectAt(name: ObjectName, at?: Moment): Promise<AnyObject | undefined>;
  /** All pages; without a namespace of all. Without a moment: as it is. */
  listAt(
    type: ResourceType,
    place: { namespace?: string | undefined } & ListSelection,
    at?: Moment,
  ): Promise<AnyObject[]>;
  /** Throws NoHistory unless the server is one that remembers; others would ignore a moment and answer with now. */
  check(): Promise<void>;
}

export class NoHistory extends Error {
  constructor(server: string) {
    super(`${server} keeps no history: these commands need a tsukube server, of this version or newer`);
    this.name = 'NoHistory';
  }
}

const PAGE = 500;
const CHANGES = '/apis/history.tsukube.dev/v1';

export const atRevision = (revision: number): Moment => ({ kind: 'revision', revision });

export const momentQuery = (at: Moment | undefined): Record<string, string> => {
  if (!at) return {};
  if (at.kind === 'time') return { asOf: at.asOf };
  return { resourceVersion: String(at.revision), resourceVersionMatch: 'Exact' };
};

export const objectPath = ({ type, namespace, name }: ObjectName): string =>
  `${resourcePath(type, namespace)}/${encodeURIComponent(name)}`;

export function createPast(transport: Transport, server: string): Past {
  let checked: Promise<void> | undefined;

  async function remembered<T extends Revision>(path: string, span: Span, query: Record<string, string>) {
    await past.check();
    const { from, to, limit = Number.POSITIVE_INFINITY } = span;
    const [oldest, newest] = [from, to].map((end) => (end?.kind === 'revision' ? end.revision : undefined));
    const items: T[] = [];
    let token: string | undefined;
    for (;;) {
      const page = (await transport.request({
        method: 'GET',
        path,
        query: new URLSearchParams({
          ...query,
          ...(from?.kind === 'time' ? { from: from.asOf } : {}),
          ...(to?.kind === 'time' ? { to: to.asOf } : {}),
          limit: String(Math.min(limit - items.length + 1, PAGE)),
          ...(token ? { continue: token } : {}),
        }),
      })) as unknown as HistoryPage<T>;
      for (const item of page.items) {
        const revision = Number(item.resourceVersion);
        if (oldest !== undefined && revision < oldest) return { items, retainedSince: page.retainedSince, more: false };
        if (newest !== undefined && revision > newest) continue;
        if (items.length >= limit) return { items, retainedSince: page.retainedSince, more: true };
        items.push(item);
      }
      token = page.metadata.continue;
      if (!token) return { items, retainedSince: page.retainedSince, more: false };
    }
  }

  const past: Past = {
    history: (name, span = {}) => remembered<Revision>(`${objectPath(name)}/history`, span, {}),

    changes: ({ namespace, user, resource, ...span }) =>
      remembered<Change>(`${CHANGES}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/changes`, span, {
        ...(user ? { user } : {}),
        ...(resource ? { resource } : {}),
      }),

    async objectAt(name, at) {
      if (at) await past.check();
      try {
        const query = new URLSearchParams(momentQuery(at));
        return (await transport.request({ method: 'GET', path: objectPath(name), query })) as AnyObject;
      } catch (error) {
        if (hasReason(error, 'NotFound')) return undefined;
        throw error;
      }
    },

    async listAt(type, { namespace, ...selection }, at) {
      if (at) await past.check();
      const items: AnyObject[] = [];
      let token: string | undefined;
      do {
        const query = new URLSearchParams({ limit: String(PAGE) });
        // A token goes on at the moment of the first page.
        const asked = token ? { continue: token } : momentQuery(at);
        for (const [name, value] of Object.entries({ ...selection, ...asked })) if (value) query.set(name, value);
        const answer = await transport.request({ method: 'GET', path: resourcePath(type, namespace), query });
        const { items: page, metadata } = answer as KubeObject as unknown as List<AnyObject>;
        items.push(...page.map((item) => ({ apiVersion: formatGroupVersion(type), kind: type.kind, ...item })));
        token = metadata.continue;
      } while (token);
      return items;
    },

    async check() {
      checked ??= transport
        .request({ method: 'GET', path: `${CHANGES}/changes`, query: new URLSearchParams({ limit: '1' }) })
        .then(
          () => undefined,
          (error: unknown) => {
            throw isUnknownPath(error) ? new NoHistory(server) : error;
          },
        );
      await checked;
    },
  };
  return past;
}

/** A server that does not know the path refuses it to who may not see all there is, before it says so. */
const isUnknownPath = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.code === 404 || (error.code === 403 && error.status.details?.kind === 'changes'));
