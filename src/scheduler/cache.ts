// Nodes and the pods on them, kept from informers, with pods assumed on a node until their binding shows.
import type { Node, Pod } from '../api/types/core/v1.ts';
import { holdsResources, type NodeInfo, nodeInfo } from './node-info.ts';

export class SchedulerCache {
  private readonly known = new Map<string, Node>();
  /** Node name → uid → pod. */
  private readonly placed = new Map<string, Map<string, Pod>>();
  private readonly nodeOf = new Map<string, string>();
  /** Built when first asked for after a change. */
  private readonly infos = new Map<string, NodeInfo>();

  nodes(): NodeInfo[] {
    return [...this.known].map(([name, node]) => {
      const info = this.infos.get(name) ?? nodeInfo(node, [...(this.placed.get(name)?.values() ?? [])]);
      this.infos.set(name, info);
      return info;
    });
  }

  /** True when something changed that scheduling looks at; heartbeats do not. */
  setNode(node: Node): boolean {
    const name = node.metadata.name as string;
    const before = this.known.get(name);
    this.known.set(name, node);
    this.infos.delete(name);
    return !before || relevant(before) !== relevant(node);
  }

  removeNode(name: string): void {
    this.known.delete(name);
    this.infos.delete(name);
  }

  /** The pod counts on `node` from now on, before the API says so. */
  assume(pod: Pod, node: string): void {
    this.place(pod, node);
  }

  /** A pod that has a node. True when it ended and so gave back what it held. */
  upsertPod(pod: Pod): boolean {
    const uid = pod.metadata.uid as string;
    if (!holdsResources(pod)) return this.forget(uid);
    this.place(pod, pod.spec.nodeName as string);
    return false;
  }

  /** True when the pod was placed. */
  forget(uid: string): boolean {
    const node = this.nodeOf.get(uid);
    if (node === undefined) return false;
    this.placed.get(node)?.delete(uid);
    this.nodeOf.delete(uid);
    this.infos.delete(node);
    return true;
  }

  private place(pod: Pod, node: string): void {
    const uid = pod.metadata.uid as string;
    if (this.nodeOf.get(uid) !== node) this.forget(uid);
    const pods = this.placed.get(node) ?? new Map<string, Pod>();
    this.placed.set(node, pods.set(uid, pod));
    this.nodeOf.set(uid, node);
    this.infos.delete(node);
  }
}

const relevant = ({ metadata, spec, status }: Node): string =>
  JSON.stringify([metadata.labels, spec.taints, spec.unschedulable, status?.allocatable]);
