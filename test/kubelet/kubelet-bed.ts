// A kubelet over the small API server, a simulated runtime and a clock that stands still; files go to a temporary
// directory, mounts are only noted.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ContainerStatus, Pod } from '../../src/api/types/core/v1.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { createSimulatedRuntime, type SimulatedRuntime } from '../../src/kubelet/cri/simulated/runtime.ts';
import type { Script } from '../../src/kubelet/cri/simulated/script.ts';
import { createKubelet } from '../../src/kubelet/kubelet.ts';
import type { Mounter } from '../../src/kubelet/mounts.ts';
import { DEFAULT_NODE_SETTINGS, type NodeSettings } from '../../src/kubelet/node/node-settings.ts';
import type { Component } from '../../src/lifecycle.ts';
import { silentLogger } from '../../src/log.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeApi, fakeApi } from '../support/fake-api.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';

export interface KubeletBed {
  api: FakeApi;
  clock: FakeClock;
  runtime: SimulatedRuntime;
  directory: string;
  /** Events of pods so far, 'Warning BackOff …'. */
  told: string[];
  /** The parts of pods that the events were about, each once. */
  toldOf: Set<string | undefined>;
  start(): Promise<Component>;
  /** Puts a pod that is bound to the node. */
  put(name: string, parts?: { spec?: Partial<Pod['spec']>; metadata?: Pod['metadata'] }): Pod;
  pod(name: string): Pod | undefined;
  container(pod: string, name: string): ContainerStatus | undefined;
  /** Waits, without moving the clock, until the pod is as `probe` says. */
  until(what: string, probe: () => unknown): Promise<void>;
}

export const noMounts: Mounter = {
  tmpfs: async () => undefined,
  hugetlbfs: async () => undefined,
  bind: async () => undefined,
  unmount: async () => undefined,
  under: async () => [],
};

/** However full the disk of this machine is. */
const ROOMY: NodeSettings = {
  ...DEFAULT_NODE_SETTINGS,
  eviction: { ...DEFAULT_NODE_SETTINGS.eviction, thresholds: [] },
  images: { ...DEFAULT_NODE_SETTINGS.images, highPercent: 100 },
};

export async function withKubelet(
  script: Script & { manifests?: string },
  use: (bed: KubeletBed) => Promise<void>,
): Promise<void> {
  const clock = fakeClock();
  const api = fakeApi({ clock });
  const runtime = createSimulatedRuntime({ clock, script: { images: [{ reference: 'example' }], ...script } });
  const directory = mkdtempSync(path.join(os.tmpdir(), 'kubelet-'));
  const told: string[] = [];
  const toldOf = new Set<string | undefined>();
  const stops: (() => Promise<void>)[] = [];
  const bed: KubeletBed = {
    api,
    clock,
    runtime,
    directory,
    told,
    toldOf,
    async start() {
      const client = createClient(api.transport);
      const informers = createInformers({ client, clock, log: silentLogger });
      const kubelet = createKubelet({
        client,
        informers,
        runtime,
        clock,
        log: silentLogger,
        events: {
          event: (about, type, reason, message, { fieldPath } = {}) => {
            if (about.kind === 'Node') return;
            told.push(`${type} ${reason} ${message}`);
            toldOf.add(fieldPath);
          },
        },
        nodeName: 'node-1',
        nodeIPs: () => ['192.0.2.1'],
        dataDir: directory,
        clusterDns: ['10.43.0.10'],
        clusterDomain: 'cluster.local',
        port: 10250,
        mounter: noMounts,
        settings: ROOMY,
        ...(script.manifests ? { podManifestPath: script.manifests } : {}),
      });
      await kubelet.start();
      stops.push(async () => {
        await kubelet.stop();
        await informers.stop();
      });
      return {
        name: 'kubelet',
        start: async () => undefined,
        stop: async () => {
          for (const stop of stops.splice(0)) await stop();
        },
      };
    },
    put: (name, parts = {}) =>
      api.seed(
        podObject(name, {
          metadata: { ...parts.metadata },
          spec: {
            nodeName: 'node-1',
            restartPolicy: 'Always',
            terminationGracePeriodSeconds: 30,
            containers: [{ name: 'main', image: 'example', imagePullPolicy: 'IfNotPresent' }],
            ...parts.spec,
          },
        }),
      )[0] as Pod,
    pod: (name) => api.object<Pod>('pods', 'default', name),
    container(name, container) {
      const status = bed.pod(name)?.status;
      return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
        (c) => c.name === container,
      );
    },
    until: async (what, probe) => {
      await eventually(
        `${what}: ${JSON.stringify(api.objects<Pod>('pods').map((p) => p.status))}`,
        async () => Boolean(await probe()),
        { timeoutMs: 3000, everyMs: 2 },
      );
    },
  };
  try {
    await use(bed);
  } finally {
    for (const stop of stops.splice(0)) await stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

export const condition = (pod: Pod | undefined, type: string) => pod?.status?.conditions?.find((c) => c.type === type);
