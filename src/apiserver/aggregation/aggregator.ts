// Groups that other servers answer: follows the APIServices with a Service, asks the servers behind them whether they are
// there and what they serve, says so in the condition Available, and passes requests on to those that are.
import { apiServices, endpointSlices, services } from '../../api/resources.ts';
import type { APIService } from '../../api/types/apiregistration/v1.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import { hasReason, serviceUnavailable } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { type Clock, type Timer, timestamp } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { UserInfo } from '../identity.ts';
import type { V2Part } from '../openapi/merge-v2.ts';
import { forward } from '../proxy/forward.ts';
import type { ObjectReader } from '../reader.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import { ask, endpointOf, type FrontProxy, tlsOf, type Unreachable, userHeaders } from './backend.ts';
import { discover, openapiOf, openapiV2Of, type RemoteV2, type ResourceDiscovery } from './remote-discovery.ts';

/** How often a server that is there is asked again; nothing tells when it goes. Upstream's resync. */
const RECHECK_MS = 30_000;
/** Wait after a failure, doubled with each. */
const RETRY_MS = 250;
const ASK_TIMEOUT_MS = 5_000;
const OPENAPI = '/openapi/v3/';

/** A version of a group that another server answers. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly resources: readonly ResourceDiscovery[];
  /** Where its OpenAPI v3 document is, by this server's paths; undefined when it has none. */
  readonly openapi: string | undefined;
  /** What it serves could be asked at the last try. */
  readonly fresh: boolean;
}

export interface Aggregator {
  /** The APIService that answers `path`, when it is another server's: its resources, discovery, OpenAPI v3. */
  find(path: string): APIService | undefined;
  /** Throws 503 when the server behind it is not there. */
  proxy(apiService: APIService, call: { request: ApiRequest; user: UserInfo; signal: AbortSignal }): Promise<ApiResult>;
  versions(): readonly RemoteVersion[];
  /** What OpenAPI v2 documents of other servers have of their versions. */
  openapiV2(): readonly V2Part[];
  /** Calls `changed` when versions() has changed. */
  onChange(changed: () => void): void;
  stop(): Promise<void>;
}

export interface AggregatorOptions {
  reader: ObjectReader;
  client: Client;
  clock: Clock;
  log: Logger;
  frontProxy: FrontProxy | undefined;
}

interface Remote {
  apiService: APIService;
  resources: readonly ResourceDiscovery[];
  openapi: string | undefined;
  openapiV2: RemoteV2 | undefined;
  fresh: boolean;
  failures: number;
  timer: Timer | undefined;
  checking: Promise<void> | undefined;
  again: boolean;
}

export function createAggregator(options: AggregatorOptions): Aggregator {
  const { reader, client, clock, log, frontProxy } = options;
  /** By 'group/version'. */
  const remotes = new Map<string, Remote>();
  const listeners: (() => void)[] = [];
  let stopped = false;

  const tellChange = () => {
    for (const listener of listeners) listener();
  };

  function follow(apiService: APIService, deleted: boolean): void {
    const { group = '', version = '', service } = apiService.spec;
    const key = `${group}/${version}`;
    const known = remotes.get(key);
    if (deleted || !service || !group) {
      known?.timer?.cancel();
      if (remotes.delete(key)) tellChange();
      return;
    }
    const before = known && JSON.stringify(known.apiService.spec);
    const remote = known ?? newRemote(apiService);
    remote.apiService = apiService;
    remotes.set(key, remote);
    if (before === JSON.stringify(apiService.spec)) return; // its status, which this wrote itself
    tellChange();
    check(remote);
  }

  /** Endpoints came or went: looked at once for all APIServices of the Service. */
  function recheck(namespace: string | undefined, name: string | undefined): void {
    for (const remote of remotes.values()) {
      const { service } = remote.apiService.spec;
      if (service?.namespace === namespace && service?.name === name) check(remote);
    }
  }

  function check(remote: Remote): void {
    remote.timer?.cancel();
    remote.timer = undefined;
    if (remote.checking) {
      remote.again = true;
      return;
    }
    remote.checking = examine(remote).finally(() => {
      remote.checking = undefined;
      if (stopped || !isFollowed(remote)) return;
      if (remote.again) {
        remote.again = false;
        check(remote);
        return;
      }
      const wait = remote.failures === 0 ? RECHECK_MS : Math.min(RECHECK_MS, RETRY_MS * 2 ** (remote.failures - 1));
      remote.timer = clock.after(wait, () => check(remote));
    });
  }

  const isFollowed = (remote: Remote) =>
    remotes.get(`${remote.apiService.spec.group}/${remote.apiService.spec.version}`) === remote;

  async function examine(remote: Remote): Promise<void> {
    const { apiService } = remote;
    const { group = '', version = '' } = apiService.spec;
    const before = seenOf(remote);
    const endpoint = endpointOf(reader, apiService);
    let problem: Unreachable | undefined;
    if (endpoint instanceof URL) {
      const tls = tlsOf(apiService, frontProxy);
      const get = (path: string, accept: string, etag = '') =>
        ask(new URL(path, endpoint), { tls, accept, etag, timeoutMs: ASK_TIMEOUT_MS });
      const served = (error: unknown) => {
        log.debug({ err: error, apiService: apiService.metadata.name }, 'no OpenAPI document'); // served without
        return undefined;
      };
      try {
        [remote.resources, remote.openapi, remote.openapiV2] = await Promise.all([
          discover(get, { group, version }),
          openapiOf(get, { group, version }).catch(served),
          openapiV2Of(get, { group, version }, remote.openapiV2).catch(served),
        ]);
      } catch (error) {
        const message = `failing or missing response from ${endpoint.origin}/apis/${group}/${version}: ${(error as Error).message}`;
        problem = { reason: 'FailedDiscoveryCheck', message };
      }
    } else problem = endpoint;
    remote.fresh = problem === undefined;
    remote.failures = problem ? remote.failures + 1 : 0;
    if (stopped || !isFollowed(remote)) return;
    if (before !== seenOf(remote)) tellChange();
    await tell(remote.apiService, problem).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) {
        log.warn({ err: error, apiService: apiService.metadata.name }, 'could not tell its availability');
      }
    });
  }

  async function tell(apiService: APIService, problem: Unreachable | undefined): Promise<void> {
    const conditions = apiService.status?.conditions ?? [];
    const old = conditions.find(({ type }) => type === 'Available');
    const status = problem ? 'False' : 'True';
    const { reason, message } = problem ?? { reason: 'Passed', message: 'all checks passed' };
    if (old?.status === status && old.reason === reason && old.message === message) return;
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : timestamp(clock);
    const available = { type: 'Available', status, lastTransitionTime, reason, message };
    await client.updateStatus(apiServices, {
      ...apiService,
      status: { conditions: [...conditions.filter(({ type }) => type !== 'Available'), available] },
    });
  }

  const serviceOf = ({ metadata }: KubeObject) => metadata.labels?.['kubernetes.io/service-name'];
  const stops = [
    reader.subscribe(apiServices, (object, deleted) => follow(object as APIService, deleted)),
    reader.subscribe(services, ({ metadata }) => recheck(metadata.namespace, metadata.name)),
    reader.subscribe(endpointSlices, (object) => recheck(object.metadata.namespace, serviceOf(object))),
  ];
  for (const apiService of reader.list<APIService>(apiServices)) follow(apiService, false);

  return {
    find(path) {
      if (remotes.size === 0) return undefined;
      const [, , group, version] = (path.startsWith(OPENAPI) ? path.slice(OPENAPI.length - 1) : path).split('/', 4);
      if (!path.startsWith('/apis/') && !path.startsWith(`${OPENAPI}apis/`)) return undefined;
      return remotes.get(`${group}/${version}`)?.apiService;
    },
    async proxy(apiService, { request, user, signal }) {
      const available = apiService.status?.conditions?.find(({ type }) => type === 'Available');
      if (available?.status !== 'True') throw serviceUnavailable('service unavailable');
      const endpoint = endpointOf(reader, apiService);
      if (!(endpoint instanceof URL)) throw serviceUnavailable('service unavailable');
      const url = new URL(request.path, endpoint);
      url.search = request.query.toString();
      const tls = tlsOf(apiService, frontProxy);
      return await forward(request, { url, method: request.method, tls, headers: userHeaders(user) }, signal);
    },
    versions: () =>
      [...remotes.values()].map(({ apiService: { spec }, resources, openapi, fresh }) => ({
        group: spec.group ?? '',
        version: spec.version ?? '',
        groupPriority: spec.groupPriorityMinimum,
        versionPriority: spec.versionPriority,
        resources,
        openapi,
        fresh,
      })),
    openapiV2: () => [...remotes.values()].flatMap(({ openapiV2 }) => openapiV2?.part ?? []),
    onChange: (changed) => void listeners.push(changed),
    async stop() {
      stopped = true;
      for (const stop of stops) stop();
      for (const { timer } of remotes.values()) timer?.cancel();
      await Promise.all([...remotes.values()].map(({ checking }) => checking));
    },
  };
}

const seenOf = ({ fresh, resources, openapi, openapiV2 }: Remote): string =>
  JSON.stringify([fresh, resources, openapi, openapiV2?.etag || openapiV2?.part]);

const newRemote = (apiService: APIService): Remote => ({
  apiService,
  resources: [],
  openapi: undefined,
  openapiV2: undefined,
  fresh: false,
  failures: 0,
  timer: undefined,
  checking: undefined,
  again: false,
});
