import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerStatus } from '../../../src/kubelet/cri/runtime.ts';
import { cadvisorMetrics } from '../../../src/kubelet/metrics/cadvisor-metrics.ts';
import { exposition } from '../../../src/kubelet/metrics/exposition.ts';
import { createKubeletCounters, kubeletMetrics } from '../../../src/kubelet/metrics/kubelet-metrics.ts';
import { createProbeMetrics } from '../../../src/kubelet/metrics/probe-metrics.ts';
import { resourceMetrics } from '../../../src/kubelet/metrics/resource-metrics.ts';
import type { Summary } from '../../../src/kubelet/stats/summary-types.ts';
import { podObject } from '../../support/objects.ts';

const TIME = '2026-01-01T00:00:01.000Z';
const AT = Date.parse(TIME);
const cpu = (usageCoreNanoSeconds: number) => ({ time: TIME, usageCoreNanoSeconds });
const memory = (workingSetBytes: number) => ({ time: TIME, usageBytes: workingSetBytes, workingSetBytes });
const eth0 = { name: 'eth0', rxBytes: 10, rxErrors: 1, txBytes: 20, txErrors: 2 };

const SUMMARY: Summary = {
  node: { nodeName: 'n', startTime: TIME, cpu: cpu(2e9), memory: memory(1000) },
  pods: [
    {
      podRef: { name: 'web', namespace: 'default', uid: 'u1' },
      startTime: TIME,
      cpu: cpu(1e9),
      memory: memory(300),
      network: { time: TIME, ...eth0, interfaces: [eth0] },
      process_stats: { process_count: 3 },
      containers: [
        {
          name: 'main',
          startTime: TIME,
          cpu: cpu(5e8),
          memory: { ...memory(200), rssBytes: 100, pageFaults: 7, majorPageFaults: 1 },
          rootfs: { time: TIME, usedBytes: 50, inodes: 9 },
        },
      ],
    },
  ],
};

const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('labels are sorted and escaped; families without samples are left out', () => {
  const family = { name: 'a_total', help: 'A.', type: 'counter' as const };
  const labels = { z: 'back\\slash', a: 'a "quote"\nand a line' };
  const text = exposition([
    { ...family, samples: [{ labels, value: 1.5, at: 7 }] },
    { ...family, name: 'b', samples: [] },
  ]);
  assert.equal(
    text,
    '# HELP a_total A.\n# TYPE a_total counter\na_total{a="a \\"quote\\"\\nand a line",z="back\\\\slash"} 1.5 7\n',
  );
});

describe('/metrics/resource', () => {
  test('processor time and working sets of all, with the time they were read at', () => {
    assert.deepEqual(lines(exposition(resourceMetrics(SUMMARY))), [
      `node_cpu_usage_seconds_total 2 ${AT}`,
      `node_memory_working_set_bytes 1000 ${AT}`,
      `container_start_time_seconds{container="main",namespace="default",pod="web"} ${AT / 1000}`,
      `container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 0.5 ${AT}`,
      `container_memory_working_set_bytes{container="main",namespace="default",pod="web"} 200 ${AT}`,
      `pod_cpu_usage_seconds_total{namespace="default",pod="web"} 1 ${AT}`,
      `pod_memory_working_set_bytes{namespace="default",pod="web"} 300 ${AT}`,
      'scrape_error 0',
      'resource_scrape_error 0',
    ]);
  });
  test('that nothing could be read', () => {
    assert.deepEqual(lines(exposition(resourceMetrics(undefined))), ['scrape_error 1', 'resource_scrape_error 1']);
  });
});

test('/metrics/cadvisor has machine, pods and containers under its labels', () => {
  const status = {
    id: 'c1',
    name: 'main',
    state: 'running',
    image: 'busybox',
    oomKilled: true,
    pod: { uid: 'u1' },
    resources: { cpuShares: 102, cpuQuota: 5000 },
  } as ContainerStatus;
  const machine = {
    cpus: 2,
    memoryBytes: 4096,
    machineId: 'm',
    systemUuid: 's',
    bootId: 'b',
    kernelVersion: '6',
    osImage: 'Debian',
  };
  const found = lines(
    exposition(cadvisorMetrics({ summary: SUMMARY, statuses: [status], machine, cgroupOf: () => '/kubepods/podu1' })),
  );
  const container = 'container="main",ID,image="busybox",name="c1",namespace="default",pod="web"'.replace(
    'ID',
    'id="/kubepods/podu1/c1"',
  );
  const pod = 'container="",id="/kubepods/podu1",image="",INTERFACE,name="",namespace="default",pod="web"';
  for (const line of [
    `container_cpu_usage_seconds_total{container="main",cpu="total",id="/kubepods/podu1/c1",image="busybox",name="c1",namespace="default",pod="web"} 0.5 ${AT}`,
    `container_memory_working_set_bytes{${container}} 200 ${AT}`,
    `container_network_receive_bytes_total{${pod.replace('INTERFACE', 'interface="eth0"')}} 10`,
    `container_network_transmit_errors_total{${pod.replace('INTERFACE', 'interface="eth0"')}} 2`,
    `container_oom_events_total{${container}} 1`,
    `container_spec_cpu_quota{${container}} 5000`,
    `container_spec_memory_limit_bytes{${container}} 0`,
    'machine_cpu_cores{boot_id="b",machine_id="m",system_uuid="s"} 2',
  ]) {
    assert.ok(found.includes(line), `${line}\n${found.join('\n')}`);
  }
});

test('/metrics counts what is there, and what was evicted and removed', async () => {
  const pod = { namespace: 'default', name: 'web', uid: 'u1' };
  const sandboxes = [
    { id: 's1', pod, attempt: 0, state: 'notReady' as const, createdAt: 0, ips: [] },
    { id: 's2', pod, attempt: 1, state: 'ready' as const, createdAt: 0, ips: [] },
  ];
  const containers = (['running', 'running', 'exited'] as const).map((state) => ({ state }) as ContainerStatus);
  const now = { nodeName: 'n', cgroupVersion: 1, desiredPods: 3, sandboxes, containers };
  assert.deepEqual(lines(kubeletMetrics(now)), [
    'kubelet_node_name{node="n"} 1',
    'kubelet_cgroup_version 1',
    'kubelet_desired_pods{static=""} 3',
    'kubelet_running_pods 1',
    'kubelet_running_containers{container_state="running"} 2',
    'kubelet_running_containers{container_state="exited"} 1',
  ]);
  const counters = createKubeletCounters();
  counters.evicted('memory.available');
  counters.imageRemoved('space');
  assert.deepEqual(lines(await counters.text()), [
    'kubelet_evictions{eviction_signal="memory.available"} 1',
    'kubelet_image_garbage_collected_total{reason="space"} 1',
  ]);
});

test('/metrics/probes counts each probe, and forgets it with its container', () => {
  const metrics = createProbeMetrics();
  const count = metrics.count(podObject('web', { metadata: { uid: 'u1' } }), 'main', 'liveness');
  count.add('successful', 3);
  count.add('successful', 40);
  count.add('failed', 9000);
  const found = lines(metrics.text());
  const labels = 'container="main",namespace="default",pod="web"';
  assert.deepEqual(found.slice(0, 5), [
    `prober_probe_total{${labels},pod_uid="u1",probe_type="Liveness",result="successful"} 2`,
    `prober_probe_total{${labels},pod_uid="u1",probe_type="Liveness",result="failed"} 1`,
    ...[
      ['0.005', 1],
      ['0.01', 1],
      ['0.025', 1],
    ].map(
      ([le, n]) =>
        `prober_probe_duration_seconds_bucket{container="main",le="${le}",namespace="default",pod="web",probe_type="Liveness"} ${n}`,
    ),
  ]);
  assert.deepEqual(found.slice(-3), [
    `prober_probe_duration_seconds_bucket{container="main",le="+Inf",namespace="default",pod="web",probe_type="Liveness"} 2`,
    `prober_probe_duration_seconds_sum{${labels},probe_type="Liveness"} 0.043`,
    `prober_probe_duration_seconds_count{${labels},probe_type="Liveness"} 2`,
  ]);
  count.drop();
  assert.equal(metrics.text(), '');
});
