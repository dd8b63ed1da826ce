import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKubeletCounters } from '../../../src/kubelet/metrics/kubelet-metrics.ts';
import { createProbeMetrics } from '../../../src/kubelet/metrics/probe-metrics.ts';
import type { Machine } from '../../../src/kubelet/node/machine.ts';
import { nodeEndpoints } from '../../../src/kubelet/server/node-endpoints.ts';
import type { StatsProvider } from '../../../src/kubelet/stats/stats-provider.ts';
import type { Summary } from '../../../src/kubelet/stats/summary-types.ts';
import { silentLogger } from '../../../src/log.ts';
import { podObject } from '../../support/objects.ts';

const TIME = '2026-01-01T00:00:00Z';
const MACHINE = {
  cpus: 2,
  memoryBytes: 4096,
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  kernelVersion: '6',
  osImage: 'Debian',
} as Machine;

function bed() {
  const state = { isDown: false, asked: [] as unknown[] };
  const fail = () => {
    if (state.isDown) throw new Error('the runtime is down');
  };
  const summary: Summary = { node: { nodeName: 'n', startTime: TIME }, pods: [] };
  const find = nodeEndpoints({
    nodeName: 'n',
    machine: MACHINE,
    runtime: {
      listContainers: async () => [],
      async listSandboxes() {
        fail();
        const pod = { namespace: 'default', name: 'runs', uid: 'u1' };
        return [{ id: 's', pod, attempt: 0, state: 'ready', createdAt: 0, ips: [] }];
      },
    },
    pods: () => [podObject('runs', { metadata: { uid: 'u1' } }), podObject('waits', { metadata: { uid: 'u2' } })],
    stats: {
      async claims() {
        const room = { capacityBytes: 6, availableBytes: 5, usedBytes: 1, inodes: 4, inodesFree: 3, inodesUsed: 1 };
        return [{ time: '', name: 'data', pvcRef: { namespace: 'default', name: 'disk' }, ...room }];
      },
      async summary(what: unknown) {
        fail();
        state.asked.push(what);
        return summary;
      },
    } as StatsProvider,
    counters: createKubeletCounters(),
    probes: createProbeMetrics(),
    cgroupVersion: 2,
    cgroupOf: () => '',
    configuration: { maxPods: 110 },
    log: silentLogger,
  });
  const ask = async (path: string, query: Record<string, string> = {}) => {
    const headers: Record<string, string> = {};
    const context = {
      path,
      query,
      body: undefined as unknown,
      set: (name: string, value: string) => void Object.assign(headers, { [name]: value }),
    };
    await find(path)?.(context as never);
    return { body: context.body, headers };
  };
  return { find, ask, state };
}

describe('what a kubelet tells', () => {
  test('its pods, and those of them that run, with or without a slash at the end', async () => {
    const { ask } = bed();
    const names = async (path: string) =>
      ((await ask(path)).body as { items: { metadata: { name: string } }[] }).items.map(
        ({ metadata }) => metadata.name,
      );
    assert.deepEqual(await names('/pods'), ['runs', 'waits']);
    assert.deepEqual(await names('/runningpods/'), ['runs']);
  });

  test('its settings and its health', async () => {
    const { ask, state } = bed();
    assert.deepEqual((await ask('/configz')).body, { kubeletconfig: { maxPods: 110 } });
    assert.equal((await ask('/healthz')).body, 'ok');
    state.isDown = true;
    await assert.rejects(ask('/healthz'), /the runtime is down/);
    assert.equal((await ask('/healthz/ping')).body, 'ok');
  });

  test('the summary, whole or with less', async () => {
    const { ask, state } = bed();
    assert.deepEqual((await ask('/stats/summary')).body, { node: { nodeName: 'n', startTime: TIME }, pods: [] });
    await ask('/stats/summary', { only_cpu_and_memory: 'true' });
    assert.deepEqual(state.asked, [{ onlyCpuAndMemory: false }, { onlyCpuAndMemory: true }]);
  });

  test('metrics, each in the form that Prometheus reads', async () => {
    const { ask } = bed();
    for (const [path, line] of [
      ['/metrics', /^kubelet_running_pods 1$/m],
      ['/metrics', /^kubelet_volume_stats_available_bytes\{namespace="default",persistentvolumeclaim="disk"\} 5$/m],
      ['/metrics', /^kubelet_volume_stats_inodes_free\{namespace="default",persistentvolumeclaim="disk"\} 3$/m],
      ['/metrics/cadvisor', /^machine_cpu_cores\{.*\} 2$/m],
      ['/metrics/resource', /^resource_scrape_error 0$/m],
      ['/metrics/probes', /^$/],
    ] as const) {
      const { body, headers } = await ask(path);
      assert.match(body as string, line);
      assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    }
  });

  test('that use could not be read, as a metric', async () => {
    const { ask, state } = bed();
    state.isDown = true;
    assert.match((await ask('/metrics/resource')).body as string, /^resource_scrape_error 1$/m);
  });

  test('nothing under other paths', () => {
    const { find } = bed();
    assert.deepEqual([find('/'), find('/metrics/other'), find('/stats')], [undefined, undefined, undefined]);
  });
});
