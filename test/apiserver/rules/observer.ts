// What a client does to follow a collection: list, then watch from there, applying what comes; cut off at any moment,
// it goes on from the last revision it knows of.
import assert from 'node:assert/strict';
import { type RuleApi, revisionOf } from './rule.ts';
import type { Body, Happening, Stream } from './wire.ts';

/** Longer than any test's clock goes. */
const NO_END = '10000000';

export interface Observer {
  /** By namespace and name. */
  readonly held: ReadonlyMap<string, Body>;
  /** Everything up to here has been seen. */
  readonly position: number;
  /** Ends the stream and opens another from `position`. */
  reconnect(): Promise<void>;
  /** Resolves once everything up to `revision` has been seen; bookmarks are asked for by moving the clock. */
  caughtUp(revision: number): Promise<void>;
  close(): void;
}

export const idOf = ({ metadata }: Body): string => `${metadata.namespace}/${metadata.name}`;

export async function observe(api: RuleApi, path: string, query: Record<string, string>): Promise<Observer> {
  const list = await api.expect(200, 'GET', `${path}?${new URLSearchParams(query)}`);
  // Items of a list carry no kind; events do.
  const { kind, apiVersion } = { kind: 'ConfigMap', apiVersion: 'v1' };
  const held = new Map(list.items.map((item): [string, Body] => [idOf(item), { kind, apiVersion, ...item }]));
  let position = revisionOf(list);
  let bookmarked = position;
  let stream: Stream;
  let current = 0;
  let failure: unknown;

  function apply({ type, object }: Happening): void {
    const revision = revisionOf(object);
    assert.ok(
      revision > bookmarked || (type === 'BOOKMARK' && revision === bookmarked),
      `${type} at ${revision} after a bookmark of ${bookmarked}`,
    );
    if (type === 'BOOKMARK') bookmarked = revision;
    else {
      assert.ok(revision > position, `${type} at ${revision} after ${position}`);
      const id = idOf(object);
      assert.equal(held.has(id), type !== 'ADDED', `${type} of ${id}`);
      if (type === 'DELETED') held.delete(id);
      else held.set(id, object);
    }
    position = revision;
  }

  async function follow(): Promise<void> {
    const own = ++current;
    const from = { resourceVersion: String(position), allowWatchBookmarks: 'true', timeoutSeconds: NO_END };
    stream = await api.watch(path, { ...query, ...from });
    const mine = stream;
    (async () => {
      for (let event = await mine.next(); event && own === current; event = await mine.next()) apply(event);
    })().catch((error: unknown) => {
      failure = error;
    });
  }
  await follow();
  return {
    held,
    get position() {
      return position;
    },
    async reconnect() {
      stream.close();
      await follow();
    },
    async caughtUp(revision) {
      while (position < revision) {
        if (failure) throw failure;
        await api.clock.advance(60_000);
      }
      if (failure) throw failure;
    },
    close() {
      current += 1;
      stream.close();
    },
  };
}
