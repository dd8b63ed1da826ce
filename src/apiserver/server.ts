// The API server as one component: the parts put together in request order, and the port they answer on.
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ResourceDefinition } from '../api/definition.ts';
import { services } from '../api/resources.ts';
import type { SchemaSet } from '../apimachinery/schema.ts';
import type { Client } from '../client/client.ts';
import { createClient } from '../client/create-client.ts';
import type { Transport } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Storage } from '../storage/storage.ts';
import { type Aggregator, createAggregator } from './aggregation/aggregator.ts';
import type { FrontProxy } from './aggregation/backend.ts';
import { registerApiServices } from './aggregation/register.ts';
import { createAddressRepair } from './allocators/address-repair.ts';
import { createPortAllocator } from './allocators/port-allocator.ts';
import { createServiceAddresses } from './allocators/service-addresses.ts';
import { fillPorts, serviceHooks } from './allocators/service-hooks.ts';
import { definitionHooks, serveCustomResources } from './apiextensions/serve.ts';
import type { RequestAuthenticator } from './authentication/authenticator.ts';
import type { ServiceAccountTokens } from './authentication/tokens.ts';
import type { RbacAuthorizer } from './authorization/rbac.ts';
import { createCatalogue, type DefinitionCatalogue, isServed } from './catalogue.ts';
import { type DiscoveryDocuments, discoveryDocuments } from './discovery/documents.ts';
import { fairnessPaths } from './fairness/dump.ts';
import { createFlowControl } from './fairness/flow-control.ts';
import { registerFlowControlMetrics } from './fairness/metrics.ts';
import { followSchemaStatus } from './fairness/schema-status.ts';
import { createFront } from './http/front.ts';
import { type HttpServer, listen, type TlsMaterial } from './http/server.ts';
import { createUpgrader } from './http/upgrade.ts';
import type { AdmissionPlugin, Authorizer, UserInfo } from './identity.ts';
import { createLoopback } from './loopback.ts';
import { WITH_CBOR } from './negotiation.ts';
import { type OpenapiDocuments, openapiDocuments, withParts } from './openapi/documents.ts';
import type { HealthCheck } from './paths/health.ts';
import { healthChecks } from './paths/health-checks.ts';
import { openapiPaths } from './paths/openapi.ts';
import type { PathHandler } from './paths/path-table.ts';
import { createStandardPaths } from './paths/standard.ts';
import { createPipeline } from './pipeline.ts';
import type { ObjectReader } from './reader.ts';
import { createFieldManagers } from './registry/field-managers.ts';
import { namespaceHooks } from './registry/namespace-hooks.ts';
import { priorityClassHooks } from './registry/priority-class-hooks.ts';
import { adminAccessHooks } from './registry/resource-claim-hooks.ts';
import { signingRequestHooks } from './registry/signing-request-hooks.ts';
import type { WriteEnvironment } from './registry/write.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { createStoreReader } from './store-reader.ts';
import { createHandlers } from './subresources/index.ts';
import { metricsDefinitions } from './virtual/metrics/definitions.ts';
import { createYamlReader } from './yaml/long-yaml.ts';

export interface ApiServerOptions {
  storage: Storage;
  definitions: readonly ResourceDefinition[];
  /** Resolves the models that the definitions name. */
  types: SchemaSet;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Built from what the server offers: its reader and catalogue. */
  authenticator(parts: ServerParts & { tokens: ServiceAccountTokens }): RequestAuthenticator;
  /** `rbac` is the part of it that reviews of rules and the check against escalation ask. */
  authorizer(parts: ServerParts): { authorizer: Authorizer; rbac: RbacAuthorizer };
  /** In the order they run; `client` is the server's own, there from the first request on. */
  admission(
    parts: ServerParts & {
      authorizer: Authorizer;
      rbac: RbacAuthorizer;
      types: SchemaSet;
      log: Logger;
      client(): Client;
    },
  ): readonly AdmissionPlugin[];
  /** Issues and checks service account tokens. */
  tokens(parts: ServerParts): ServiceAccountTokens;
  /** undefined: no port, only the loopback. */
  /** Serves CBOR as well: upstream's gate CBORServingAndStorage. */
  cbor?: boolean;
  listen?: { tls: TlsMaterial; bindAddress: string; port: number };
  /** What the authenticator takes as well, for TokenReviews. */
  staticToken?: string;
  issuer: string;
  serviceCidr: string;
  nodePortRange: string;
  /** Client certificate towards kubelets (PEM) and the authority of their certificates. */
  kubeletTls?: { cert: string; key: string; ca: string };
  /** A connection to the kubelet of this process, when it is that of the node. */
  connectKubelet?: (nodeName: string) => Duplex | undefined;
  /** Serves metrics.k8s.io out of what kubelets tell. */
  nodeMetrics?: boolean;
  /** Client certificate towards the servers behind APIServices. */
  frontProxy?: FrontProxy;
  /** What must have been done once, and what /readyz asks besides. */
  startChecks?: readonly HealthCheck[];
  readyChecks?: readonly HealthCheck[];
  /** For /flagz. */
  flags?: Readonly<Record<string, string>>;
  /** What clients reach this server by, when it listens on all addresses. */
  advertiseAddress?: string;
  /** Further paths, such as OpenAPI documents. */
  paths?(parts: ServerParts): Readonly<Record<string, PathHandler>>;
  /** 0 ≤ n < 1; Math.random unless a test wants repeatable names. */
  random?: () => number;
}

/** As whom the API server writes by itself. */
const APISERVER: UserInfo = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

export interface ServerParts {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  clock: Clock;
}

export interface ApiServer extends Component, ServerParts {
  /** Requests in this process, as `user`. Works from the beginning, before start(). */
  transport(user: UserInfo): Transport;
  /** https://<address>:<port>, once started with a port. */
  readonly url: string;
  /** New connections are made with this certificate from now on. */
  setTls(tls: TlsMaterial): void;
  /** Writes the APIServices of what is served here, and from then on keeps them in step with it. */
  registerApiServices(): Promise<void>;
  /** Makes IPAddresses of Services that miss theirs, and from then on keeps them. */
  repairAddresses(): Promise<void>;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { storage, clock, log } = options;
  const catalogue = createCatalogue([...options.definitions, ...(options.nodeMetrics ? metricsDefinitions() : [])]);
  const reader = createStoreReader(storage, catalogue, log);
  const parts: ServerParts = { reader, catalogue, clock };
  const { authorizer, rbac } = options.authorizer(parts);
  const tokens = options.tokens(parts);
  const authenticator = options.authenticator({ ...parts, tokens });
  const stopping = new AbortController();
  const random = options.random ?? Math.random;
  const allocators = {
    addresses: createServiceAddresses({
      client: () => client,
      reader,
      log,
      random,
      serviceCidr: options.serviceCidr,
    }),
    ports: createPortAllocator(options.nodePortRange, random),
  };
  fillPorts(reader.list(services), allocators.ports);
  const environment: WriteEnvironment = {
    storage,
    clock,
    admission: options.admission({ ...parts, authorizer, rbac, types: options.types, log, client: () => client }),
    hooks: new Map([
      ['/namespaces', namespaceHooks],
      ['apiextensions.k8s.io/customresourcedefinitions', definitionHooks],
      ['certificates.k8s.io/certificatesigningrequests', signingRequestHooks],
      ['/services', serviceHooks(allocators)],
      ['resource.k8s.io/resourceclaims', adminAccessHooks(reader)],
      ['resource.k8s.io/resourceclaimtemplates', adminAccessHooks(reader)],
      ['scheduling.k8s.io/priorityclasses', priorityClassHooks],
    ]),
    fieldManagers: createFieldManagers({ clock, types: options.types, versionsOf: catalogue.versionsOf }),
    types: options.types,
    random,
  };
  let http: HttpServer | undefined;
  // Made when first asked for, and anew after a change of what is served.
  let discovery: DiscoveryDocuments | undefined;
  let openapiMade: OpenapiDocuments | undefined;
  let openapiMerged: OpenapiDocuments | undefined;
  const openapi = () => {
    openapiMade ??= openapiDocuments(catalogue.all(), options.types);
    openapiMerged ??= withParts(openapiMade, aggregator?.openapiV2() ?? []);
    return openapiMerged;
  };
  catalogue.subscribe(() => {
    discovery = undefined;
    openapiMade = undefined;
    openapiMerged = undefined;
  });
  const stopServing = serveCustomResources({ env: environment, reader, catalogue, log });
  const flowControl = createFlowControl({ reader, clock });
  registerFlowControlMetrics(options.metrics, flowControl);
  // The pipeline passes on what the aggregator knows, and the aggregator tells what it knows through the pipeline.
  let aggregator: Aggregator | undefined;
  const pipeline = createPipeline({
    flowControl,
    aggregator: {
      find: (path) => aggregator?.find(path),
      proxy: (apiService, call) => (aggregator as Aggregator).proxy(apiService, call),
    },
    authenticator,
    authorizer,
    catalogue,
    handlers: createHandlers({
      reader,
      catalogue,
      clock,
      authorizer,
      tokens,
      rulesFor: rbac.rulesFor,
      staticToken: options.staticToken,
      kubeletTls: options.kubeletTls,
      connectKubelet: options.connectKubelet,
    }),
    paths: createStandardPaths({
      discovery: () => {
        discovery ??= discoveryOf(catalogue, aggregator, advertised(http?.address, options.advertiseAddress));
        return discovery;
      },
      tokens,
      metrics: options.metrics,
      ...healthChecks({ ...options, stopping: stopping.signal }),
      flags: options.flags ?? {},
      clock,
      more: {
        ...openapiPaths(openapi, () => openapiPlaces(aggregator)),
        ...fairnessPaths(flowControl),
        ...options.paths?.(parts),
      },
      issuer: options.issuer,
    }),
    environment,
    clock,
    log,
    stopping: stopping.signal,
    observe: createRequestMetrics(options.metrics, (info) => isServed(catalogue, info)),
  });

  const client = createClient(createLoopback(pipeline, APISERVER));
  const schemaStatus = followSchemaStatus({ client, reader, clock, log });
  const registration = registerApiServices({ client, reader, catalogue, log });
  const addressRepair = createAddressRepair({ client, reader, log });
  aggregator = createAggregator({ client, reader, clock, log, frontProxy: options.frontProxy });
  aggregator.onChange(() => {
    discovery = undefined;
    openapiMerged = undefined;
  });

  return {
    name: 'apiserver',
    ...parts,
    get url() {
      if (!http) throw new Error('the API server has no port: it was not started, or started without one');
      return urlOf(http.address);
    },
    transport: (user) => createLoopback(pipeline, user),
    setTls: (tls) => http?.setTls(tls),
    registerApiServices: registration.start,
    repairAddresses: addressRepair.start,
    async start() {
      if (!options.listen) return;
      const bodies = { clock, readYaml: createYamlReader(), ...(options.cbor ? { mediaTypes: WITH_CBOR } : {}) };
      http = await listen({
        ...options.listen,
        front: createFront({ pipeline, log, ...bodies }),
        onUpgrade: createUpgrader({ pipeline, log, ...bodies }),
      });
      discovery = undefined; // it names the address
    },
    async stop() {
      stopping.abort();
      rbac.close();
      for (const plugin of environment.admission) plugin.close?.();
      await Promise.all([schemaStatus.stop(), registration.stop(), addressRepair.stop(), aggregator?.stop()]);
      flowControl.close();
      stopServing();
      await http?.close();
      http = undefined;
    },
  };
}

const discoveryOf = (catalogue: DefinitionCatalogue, aggregator: Aggregator | undefined, serverAddress: string) =>
  discoveryDocuments(catalogue.all(), {
    serverAddress,
    remote: aggregator?.versions() ?? [],
  });

/** Where other servers have their OpenAPI v3 documents. */
const openapiPlaces = (aggregator: Aggregator | undefined): Record<string, string> =>
  Object.fromEntries(
    (aggregator?.versions() ?? []).flatMap(({ group, version, openapi }) =>
      openapi ? [[`apis/${group}/${version}`, openapi]] : [],
    ),
  );

const isAny = (address: string): boolean => address === '::' || address === '0.0.0.0';

const advertised = (bound: AddressInfo | undefined, advertise = '127.0.0.1'): string =>
  bound ? `${isAny(bound.address) ? advertise : bound.address}:${bound.port}` : '';

const urlOf = ({ address, family, port }: AddressInfo): string => {
  const host = isAny(address) ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
  return `https://${host}:${port}`;
};
