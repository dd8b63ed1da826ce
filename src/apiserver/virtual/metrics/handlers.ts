// Answers metrics.k8s.io out of the summaries of the kubelets. A rate needs two of them: one that was read for the
// caller before, if that was a short while ago, else one from a second ago. Nobody samples while nobody asks.
import { nodes, pods } from '../../../api/resources.ts';
import type { Node } from '../../../api/types/core/v1.ts';
import type { AnyObject, KubeObject } from '../../../apimachinery/meta.ts';
import { notFound } from '../../../apimachinery/status-error.ts';
import { type Clock, sleep } from '../../../clock.ts';
import { entryOfObject } from '../../../storage/entry.ts';
import type { CallHandler, ResourceCall } from '../../call.ts';
import type { ObjectReader } from '../../reader.ts';
import { compileSelection, parseSelectors } from '../../registry/selection.ts';
import type { ApiResult } from '../../request.ts';
import { METRICS_API_VERSION, METRICS_GROUP } from './definitions.ts';
import { podUsageBetween, type Summary, usageBetween } from './usage.ts';

export interface MetricsOptions {
  reader: ObjectReader;
  clock: Clock;
  /** Rejects when the kubelet of the node does not answer. */
  summaryOf(node: Node): Promise<Summary>;
}

interface Reading {
  summary: Summary;
  at: number;
}

/** Between two summaries: closer says little, further says what was. */
const CLOSEST_MS = 1_000;
const FURTHEST_MS = 60_000;

export function metricsHandlers(options: MetricsOptions): [string, CallHandler][] {
  const { reader, clock } = options;
  const last = new Map<string, Reading>();
  const asked = new Map<string, Promise<[Summary, Summary] | undefined>>();

  async function read(node: Node): Promise<Reading> {
    return { summary: await options.summaryOf(node), at: clock.monotonic() };
  }

  /** undefined: its kubelet does not answer. Callers at the same time share an answer. */
  function pairOf(node: Node): Promise<[Summary, Summary] | undefined> {
    const name = node.metadata.name as string;
    const work = asked.get(name) ?? measure(node, name).catch(() => undefined);
    asked.set(name, work);
    return work.finally(() => asked.delete(name));
  }

  async function measure(node: Node, name: string): Promise<[Summary, Summary]> {
    const known = last.get(name);
    const age = known ? clock.monotonic() - known.at : Number.POSITIVE_INFINITY;
    const before = known && age <= FURTHEST_MS ? known : await read(node);
    const wait = CLOSEST_MS - (clock.monotonic() - before.at);
    if (wait > 0) await sleep(clock, wait);
    const after = await read(node);
    last.set(name, after);
    return [before.summary, after.summary];
  }

  async function nodeMetrics(wanted: readonly Node[]): Promise<AnyObject[]> {
    const found = await Promise.all(
      wanted.map(async (node) => {
        const pair = await pairOf(node);
        const usage = pair && usageBetween(pair[0].node, pair[1].node);
        return usage ? [metricsOf('NodeMetrics', node, usage)] : [];
      }),
    );
    return found.flat();
  }

  async function podMetrics(namespace: string | undefined, name?: string): Promise<AnyObject[]> {
    const wanted = reader.list(pods, namespace).filter(({ metadata }) => name === undefined || metadata.name === name);
    const places = new Set(wanted.map(({ spec }) => spec.nodeName));
    const hosts = reader.list(nodes).filter(({ metadata }) => places.has(metadata.name));
    const pairs = new Map(
      await Promise.all(hosts.map(async (node) => [node.metadata.name, await pairOf(node)] as const)),
    );
    return wanted.flatMap((pod) => {
      const pair = pairs.get(pod.spec.nodeName);
      const usage = pair && podUsageBetween(pair[0], pair[1], pod.metadata.uid as string);
      return usage ? [metricsOf('PodMetrics', pod, usage)] : [];
    });
  }

  return [
    [
      `${METRICS_GROUP}/nodes`,
      async (call) => {
        const { info } = call;
        const all = info.name
          ? [reader.get(nodes, undefined, info.name)].filter((one) => one !== undefined)
          : reader.list(nodes);
        return answer(call, await nodeMetrics(all));
      },
    ],
    [
      `${METRICS_GROUP}/pods`,
      async (call) => answer(call, await podMetrics(call.info.namespace || undefined, call.info.name || undefined)),
    ],
  ];
}

/** With the labels of what it is about, by which it is selected. */
const metricsOf = (kind: string, { metadata }: KubeObject, usage: object): AnyObject => {
  const { name, namespace, labels, creationTimestamp } = metadata;
  return {
    kind,
    apiVersion: METRICS_API_VERSION,
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      creationTimestamp,
      ...(labels ? { labels } : {}),
    },
    ...usage,
  } as AnyObject;
};

function answer({ definition, info, request }: ResourceCall, found: readonly AnyObject[]): ApiResult {
  if (info.verb !== 'list') {
    const [object] = found;
    if (!object) throw notFound({ group: METRICS_GROUP, resource: definition.plural }, info.name);
    return { type: 'object', status: 200, object, definition };
  }
  const selection = compileSelection(definition, parseSelectors(request.query));
  const entries = found
    .filter((object) => selection.matches(object))
    .map((object) => {
      const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
      return entryOfObject({ key, revision: 0, createRevision: 0 }, object);
    });
  return { type: 'list', definition, metadata: {}, entries };
}
