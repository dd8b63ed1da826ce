// A server on a clock that stands still, and requests to it by path, as `kubectl get --raw` makes them.
import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import type { Change } from '../../../src/apiserver/history/change-list.ts';
import type { Revision } from '../../../src/apiserver/history/revision.ts';
import type { UserInfo } from '../../../src/apiserver/identity.ts';
import type { TransportRequest } from '../../../src/client/transport.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { ADMIN, startTestServer, type TestServer, type TestServerOptions } from '../../support/server.ts';

export interface Answer<T> extends KubeObject {
  metadata: KubeObject['metadata'] & { continue?: string };
  retainedSince: { resourceVersion: string; time?: string };
  items: T[];
}

export interface World extends TestServer {
  clock: FakeClock;
  send<T = KubeObject>(
    method: TransportRequest['method'],
    path: string,
    more?: { body?: unknown; contentType?: string; user?: UserInfo },
  ): Promise<T>;
  get<T = KubeObject>(path: string, user?: UserInfo): Promise<T>;
  /** Revisions of the object at `path`, newest first. */
  history(path: string, user?: UserInfo): Promise<Revision[]>;
  changes(query?: string, user?: UserInfo): Promise<Change[]>;
}

export const CHANGES = '/apis/history.tsukube.dev/v1/changes';

/** `start` is when the clock stands still. */
export async function startWorld({
  start,
  ...options
}: Omit<TestServerOptions, 'clock'> & { start?: number } = {}): Promise<World> {
  const clock = fakeClock(start);
  const api = await startTestServer({ ...options, clock });
  const send: World['send'] = async (method, path, { body, contentType, user = ADMIN } = {}) => {
    const [bare = '', query] = path.split('?');
    const request = {
      method,
      path: bare,
      ...(query ? { query: new URLSearchParams(query) } : {}),
      ...(body === undefined ? {} : { body }),
      ...(contentType ? { contentType } : {}),
    };
    return (await api.server.transport(user).request(request)) as never;
  };
  const get: World['get'] = (path, user = ADMIN) => send('GET', path, { user });
  return {
    ...api,
    clock,
    send,
    get,
    history: async (path, user) => (await get<Answer<Revision>>(`${path}/history`, user)).items,
    changes: async (query = '', user) => (await get<Answer<Change>>(`${CHANGES}${query && `?${query}`}`, user)).items,
  };
}

export const person = (username: string, ...groups: string[]): UserInfo => ({
  username,
  groups: ['system:authenticated', ...groups],
});

/** For assert.rejects: the Status that answers. */
export const refused = (code: number, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};
