// Tells the API about this node: registers it, writes its status when its addresses change, while
// it is not ready and every five minutes, and renews its Lease every ten seconds
// (pkg/kubelet/kubelet_node_status.go, component-helpers/apimachinery/lease).
import { isDeepStrictEqual } from 'node:util';
import { leases, nodes } from '../../api/resources.ts';
import type { Lease } from '../../api/types/coordination/v1.ts';
import type { Node, NodeStatus } from '../../api/types/core/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/controller.ts';
import type { Informers } from '../../client/informer.ts';
import { type Clock, microTimestamp, sleep, type Timer, timestamp } from '../../clock.ts';
import { NAMESPACE_NODE_LEASE } from '../../constants.ts';
import type { Component } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import type { ImageStatus, Runtime } from '../cri/runtime.ts';
import { type NodeEvent, nodeEvents, schedulableEvent } from './node-events.ts';
import {
  extendedAllocatable,
  type NodeInput,
  nodeLabels,
  nodeObject,
  nodeReference,
  nodeStatus,
} from './node-object.ts';

const RENEW_EVERY_MS = 10_000;
const LEASE_SECONDS = 40;
const REPORT_EVERY_MS = 5 * 60_000;
/** A runtime that hangs must not keep the server from being up. */
const FIRST_REPORT_MS = 2_000;

export interface NodeAgentOptions {
  client: Client;
  informers: Pick<Informers, 'for'>;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  runtime: Pick<Runtime, 'listImages' | 'onImage' | 'problem' | 'onProblem'>;
  /** Read anew at every heartbeat: addresses may change. */
  input: () => NodeInput;
}

export interface NodeAgent extends Component {
  /** Something of the status is other than it was told: it is told at once. */
  report(): void;
  /** Resolves when the first status was written, or could not be, or the runtime takes longer than anyone should wait. */
  firstReport(): Promise<void>;
}

interface ReportedImage {
  names: string[];
  sizeBytes: number;
}

const reported = ({ repoDigests, repoTags, size }: ImageStatus): ReportedImage => ({
  names: [...repoDigests, ...repoTags],
  sizeBytes: size,
});

export function createNodeAgent(options: NodeAgentOptions): NodeAgent {
  const { client, clock, log } = options;
  let timer: Timer | undefined;
  let beating: Promise<void> | undefined;
  let stopped = false;
  const stopping = new AbortController();
  let told: NodeStatus | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  let isChanged = false;
  let isAsked = false;
  let isSchedulable = true;
  let forgetImages: (() => void) | undefined;
  let forgetProblem: (() => void) | undefined;
  let forgetNode: (() => void) | undefined;
  let registered: Node | undefined;
  let lease: Lease | undefined;

  async function register(): Promise<Node> {
    const wanted = nodeObject(options.input());
    try {
      return await client.create(nodes, wanted);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
    const name = wanted.metadata.name as string;
    const existing = await client.get(nodes, undefined, name);
    const labels = nodeLabels(options.input());
    const differs = Object.entries(labels).some(([key, value]) => existing.metadata.labels?.[key] !== value);
    const { podCIDR, podCIDRs } = wanted.spec ?? {};
    // A pod range is given once; a node that has one keeps it.
    const spec = existing.spec?.podCIDR || !podCIDR ? {} : { spec: { podCIDR, podCIDRs } };
    if (!differs && !('spec' in spec)) return existing;
    return client.patch(nodes, undefined, name, { type: 'strategic', body: { metadata: { labels }, ...spec } });
  }

  async function reportStatus(): Promise<void> {
    const input = options.input();
    isChanged = false;
    const images = await listImages();
    const status = nodeStatus(input, {
      now: timestamp(clock),
      ready: images,
      images: images.list,
      old: told ?? registered?.status,
    });
    const body = { status };
    await client.patch(nodes, undefined, input.nodeName, { type: 'strategic', body }, { subresource: 'status' });
    for (const event of nodeEvents(input.nodeName, told ?? registered?.status, status)) tellEvent(event);
    told = status;
    toldAt = clock.monotonic();
  }

  /** A runtime that is known to be down is not asked: it may hang. */
  async function listImages(): Promise<{ ok: boolean; list: ReportedImage[]; message: string }> {
    const message = options.runtime.problem();
    if (message !== undefined) return { ok: false, list: [], message };
    return options.runtime.listImages().then(
      (list) => ({ ok: true, list: list.map(reported), message: '' }),
      (error: Error) => ({ ok: false, list: [], message: `container runtime is down: ${error.message}` }),
    );
  }

  /** What a heartbeat may ask costs nothing: listing images would start a program every ten seconds. */
  function isDue(): boolean {
    const addresses = told?.addresses?.filter((a) => a.type === 'InternalIP').map((a) => a.address);
    const isReady = told?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
    return (
      isChanged ||
      !isReady ||
      !isDeepStrictEqual(addresses, [...options.input().addresses]) ||
      clock.monotonic() - toldAt >= REPORT_EVERY_MS
    );
  }

  async function renew(): Promise<void> {
    const { nodeName } = options.input();
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTimestamp(clock) };
    if (lease) {
      try {
        lease = await client.update(leases, { ...lease, spec: { ...lease.spec, ...spec } });
        return;
      } catch (error) {
        lease = undefined;
        if (!hasReason(error, 'Conflict') && !hasReason(error, 'NotFound')) throw error;
      }
    }
    lease = await client.get(leases, NAMESPACE_NODE_LEASE, nodeName).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });
    if (lease) {
      lease = await client.update(leases, { ...lease, spec: { ...lease.spec, ...spec } });
      return;
    }
    const { uid } = (await client.get(nodes, undefined, nodeName)).metadata;
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: uid as string };
    lease = await client.create(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: nodeName, namespace: NAMESPACE_NODE_LEASE, ownerReferences: [owner] },
      spec,
    });
  }

  async function beat(): Promise<void> {
    try {
      await renew();
      if (isDue()) await reportStatus();
    } catch (error) {
      isChanged = true; // not told
      if (hasReason(error, 'NotFound')) {
        told = undefined; // the Node was deleted: make it anew
        await register().catch((again: unknown) => log.warn({ err: again }, 'node not registered'));
      } else if (!stopped) log.warn({ err: error }, 'node heartbeat failed, trying again');
    }
    if (!stopped) arm(isAsked ? 0 : RENEW_EVERY_MS);
  }

  function arm(ms: number): void {
    isAsked = false;
    timer?.cancel();
    timer = clock.after(ms, () => {
      timer = undefined;
      beating = beat();
    });
  }

  function report(): void {
    isChanged = true;
    if (timer) arm(0);
    else isAsked = true;
  }

  const tellEvent = ({ type, reason, message }: NodeEvent) =>
    options.events.event(nodeReference(options.input().nodeName), type, reason, message);

  /** An administrator cordons the node, and says what it has besides: that may be asked for at once. */
  function follow({ metadata, spec, status = {} }: Node): void {
    const { nodeName } = options.input();
    if (metadata.name !== nodeName) return;
    if (isSchedulable === (spec?.unschedulable ?? false)) {
      isSchedulable = !isSchedulable;
      tellEvent(schedulableEvent(nodeName, isSchedulable));
    }
    const allocatable = extendedAllocatable(status);
    if (!allocatable) return;
    const patch = { type: 'strategic', body: { status: { allocatable } } } as const;
    client
      .patch(nodes, undefined, nodeName, patch, { subresource: 'status' })
      .catch((error: unknown) => log.warn({ err: error }, 'extended resources of the node not told'));
  }

  return {
    name: 'node',
    async start() {
      // Images that come are told with the next heartbeat; many come together.
      forgetImages = options.runtime.onImage(() => {
        isChanged = true;
      });
      forgetProblem = options.runtime.onProblem(report);
      options.events.event(nodeReference(options.input().nodeName), 'Normal', 'Starting', 'Starting kubelet.');
      registered = await register();
      forgetNode = options.informers.for(nodes).addHandler({ added: follow, updated: follow });
      beating = beat(); // asks the runtime, which the pods need not wait for
    },
    report,
    async firstReport() {
      const patience = sleep(clock, FIRST_REPORT_MS, stopping.signal).catch(() => undefined);
      await Promise.race([beating, patience]);
    },
    async stop() {
      stopped = true;
      forgetImages?.();
      forgetProblem?.();
      forgetNode?.();
      stopping.abort();
      timer?.cancel();
      await beating;
      timer?.cancel();
    },
  };
}
