// A rule of docs/guarantees.md as a case that runs over every driver and protocol, and what such a case is given.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { serviceAccounts } from '../../../src/api/resources.ts';
import type { OpenOptions } from '../../../src/storage/open.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { type RuleClock, ruleClock } from './rule-clock.ts';
import type { Answer, Body, Happening, Method, Protocol, Stream } from './wire.ts';

export interface RuleCase {
  /** Numbers of docs/guarantees.md. */
  rules: readonly number[];
  name: string;
  /** It is about how watches are carried, and runs over WebSocket too. */
  frames?: boolean;
  /** It needs a store that is found again when it is opened anew. */
  survives?: boolean;
  run(api: RuleApi, t: TestContext): Promise<void>;
}

/** History is given up as soon as the timer looks. */
export const EAGER = { keepMs: 0, keepRevisions: 0, everyMs: 1_000 };

const TOKEN = 'admin';

export interface OwnOptions {
  storageUrl?: string;
  storageOptions?: Partial<OpenOptions>;
  random?: () => number;
}

export interface RuleApi {
  readonly server: TestServer;
  readonly clock: RuleClock;
  /** The case's own, with a ServiceAccount "default". */
  readonly namespace: string;
  readonly storageUrl: string;
  /** `/api/v1/namespaces/NAMESPACE/PLURAL`, or of a group's version 'apps/v1'. */
  path(plural: string, groupVersion?: string): string;
  send(method: Method, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** send(), and the answer must have `code`; the body. */
  expect(code: number, method: Method, path: string, body?: unknown, contentType?: string): Promise<Body>;
  configMap(name: string, data?: Record<string, string>, labels?: Record<string, string>): Promise<Body>;
  /** A stream that ends with the case. */
  watch(path: string, query?: Record<string, string>): Promise<Stream>;
  /** Stops this server; its store can be opened again. */
  stop(): Promise<void>;
  /** Another server with a store of its own, unless `storageUrl` says which. It ends with the case. */
  own(options?: OwnOptions): Promise<RuleApi>;
}

export interface ServerCase {
  url(t: TestContext): Promise<string>;
  survives: boolean;
}

/** Starts a server over a store of `driver`; it ends with `t`, or by stop(). */
export async function startRuleServer(
  t: TestContext,
  { driver, protocol, options = {} }: { driver: ServerCase; protocol: Protocol; options?: OwnOptions },
): Promise<{ api(t: TestContext, namespace: string): Promise<RuleApi> }> {
  const clock = ruleClock();
  const storageUrl = options.storageUrl ?? (await driver.url(t));
  const server = await startTestServer({
    clock,
    port: 0,
    staticToken: TOKEN,
    namespaces: options.storageUrl ? [] : ['default'],
    ...options,
    storageUrl,
  });
  const connection = protocol.connect({ url: server.server.url, ca: server.ca, token: TOKEN });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      connection.close();
      await server.stop();
    })();
    return stopped;
  };
  t.after(stop);

  async function api(context: TestContext, namespace: string): Promise<RuleApi> {
    const send: RuleApi['send'] = (method, path, body, contentType) =>
      connection.send({ method, path, body, ...(contentType ? { contentType } : {}) });
    const path: RuleApi['path'] = (plural, groupVersion) =>
      `${groupVersion ? `/apis/${groupVersion}` : '/api/v1'}/namespaces/${namespace}/${plural}`;
    const expect: RuleApi['expect'] = async (code, ...request) => {
      const answer = await send(...request);
      assert.equal(answer.code, code, `${request[0]} ${request[1]}: ${answer.text}`);
      return answer.body;
    };
    return {
      server,
      clock,
      namespace,
      storageUrl,
      path,
      send,
      expect,
      stop,
      configMap: (name, data = {}, labels = {}) =>
        expect(201, 'POST', path('configmaps'), { metadata: { name, labels }, data }),
      async watch(at, query = {}) {
        const stream = await connection.watch(`${at}?${new URLSearchParams({ watch: '1', ...query })}`);
        if (!('next' in stream)) throw new Error(`the watch was refused: ${stream.text}`);
        context.after(() => stream.close());
        return stream;
      },
      async own(own = {}) {
        const other = await startRuleServer(context, { driver, protocol, options: own });
        return await other.api(context, 'default');
      },
    };
  }
  return { api };
}

/** A namespace as the cluster would have it. */
export async function makeNamespace(api: RuleApi, name: string): Promise<void> {
  await api.expect(201, 'POST', '/api/v1/namespaces', { metadata: { name } });
  await api.server.client.create(serviceAccounts, { metadata: { name: 'default', namespace: name } });
}

export const revisionOf = (object: Body): number => Number(object.metadata.resourceVersion);
export const namesOf = (list: Body): (string | undefined)[] => list.items.map((item) => item.metadata.name);
export const brief = ({ type, object }: Happening): string =>
  `${type} ${object.metadata?.name ?? ''}@${object.metadata?.resourceVersion}`;

/** The next `count` events; fails when the stream ends before. */
export async function take(stream: Stream, count: number): Promise<Happening[]> {
  const events: Happening[] = [];
  while (events.length < count) {
    const event = await stream.next();
    assert.ok(event, `the stream ended after ${events.length} of ${count} events`);
    events.push(event);
  }
  return events;
}

/** Everything until the stream ends. */
export async function takeAll(stream: Stream): Promise<Happening[]> {
  const events: Happening[] = [];
  for (let event = await stream.next(); event; event = await stream.next()) events.push(event);
  return events;
}

/** Everything that a stream brings until an object of this name is added, which is made for that. */
export async function takeUntilMade(api: RuleApi, stream: Stream, name: string): Promise<Happening[]> {
  await api.configMap(name);
  const events: Happening[] = [];
  for (;;) {
    const [event] = await take(stream, 1);
    if (event!.type === 'ADDED' && event!.object.metadata.name === name) return events;
    events.push(event!);
  }
}
