// A cluster with all manifests of a folder applied at once; most of their containers print what they see, and each test
// reads what became of its pod. HOST_FOLDER in a manifest is a folder of this host that goes with the cluster.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ContainerStatus, Pod } from '../../src/api/types/core/v1.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type FollowedPods, followPods } from './follow-pods.ts';

export interface ManifestCluster {
  cluster: Cluster;
  kubectl: Cluster['kubectl'];
  folder: string;
  pods: FollowedPods;
  ended(pod: string): Promise<Pod>;
  running(pod: string): Promise<Pod>;
  /** Until a container of it waits with a message. */
  waiting(pod: string, container?: string): Promise<{ reason?: string; message?: string }>;
  /** The output of a pod's container; a log may be written a moment after the end is told. */
  prints(pod: string, expected: readonly string[], container?: string): Promise<void>;
  /** Until kubectl tells an event of the pod in such words. */
  told(pod: string, words: RegExp): Promise<void>;
  remove(): Promise<void>;
}

export interface ManifestClusterOptions {
  /** Settings beside those that every cluster has. */
  settings?: readonly string[];
  /** Made in the folder before the manifests are applied. */
  prepare(folder: string, dataDir: string): Promise<void>;
}

export async function clusterWith(manifests: string, options: ManifestClusterOptions): Promise<ManifestCluster> {
  const cluster = await createCluster(options.settings);
  const folder = mkdtempSync(path.join(tmpdir(), 'tsk-host-'));
  const { kubectl } = cluster;
  const remove = () => cluster.remove().finally(() => rmSync(folder, { recursive: true }));
  const place = path.join(import.meta.dirname, 'testdata', manifests);
  const texts = globSync('*.yaml', { cwd: place }).map((file) => readFileSync(path.join(place, file), 'utf8'));
  try {
    await options.prepare(folder, cluster.dataDir);
    await cluster.start();
    await kubectl.withInput(texts.join('---\n').replaceAll('HOST_FOLDER', folder), 'apply', '-f', '-');
  } catch (error) {
    await remove();
    throw error;
  }
  const pods = followPods(kubectl);
  return {
    cluster,
    kubectl,
    folder,
    pods,
    ended: (name) => pods.when(name, 'ended', (p) => /Succeeded|Failed/.test(p.status?.phase ?? '') && p),
    running: (name) => pods.when(name, 'runs', (p) => p.status?.phase === 'Running' && p),
    waiting: (name, container = 'main') =>
      pods.when(name, 'waits', (p) => {
        const { waiting } = statusOf(p, container).state ?? {};
        return waiting?.message !== undefined && waiting;
      }),
    async prints(name, expected, container = 'main') {
      let printed: string[] = [];
      const same = async () => {
        printed = (await kubectl('logs', name, '-c', container)).trim().split('\n');
        return JSON.stringify(printed) === JSON.stringify(expected);
      };
      await eventually(`the output of ${name}`, same).catch(() => assert.deepEqual(printed, expected));
    },
    told: async (name, words) => {
      let events = '';
      const isTold = async () => {
        events = await kubectl('events', `--for=pod/${name}`);
        return words.test(events);
      };
      await eventually(`the event of ${name}`, isTold).catch(() => assert.match(events, words));
    },
    async remove() {
      pods.stop();
      await remove();
    },
  };
}

export function statusOf(pod: Pod, container: string): Partial<ContainerStatus> {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container) ?? {};
}
