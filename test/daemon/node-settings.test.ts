import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NODE_OPTIONS, type NodeConfig } from '../../src/daemon/node-options.ts';
import { nodeSettings } from '../../src/daemon/node-settings.ts';
import { DEFAULT_NODE_SETTINGS } from '../../src/kubelet/node/node-settings.ts';

type Name = keyof NodeConfig;

const config = (texts: Partial<Record<Name, string>> = {}): NodeConfig =>
  Object.fromEntries(
    Object.entries(NODE_OPTIONS).map(([name, option]) => [name, option.parse(texts[name as Name] ?? option.default)]),
  ) as unknown as NodeConfig;

describe('settings of the node', () => {
  test('are the defaults of the kubelet when nothing is said', () => {
    assert.deepEqual(nodeSettings(config()), DEFAULT_NODE_SETTINGS);
  });

  test('are taken as written', () => {
    const found = nodeSettings(
      config({
        'pod-max-pids': '-1',
        'kube-reserved': 'cpu=100m, memory=200Mi',
        'eviction-hard': 'memory.available<5%',
        'eviction-soft': 'nodefs.available<20%',
        'eviction-soft-grace-period': 'nodefs.available=1m30s',
        'eviction-minimum-reclaim': 'nodefs.available=1Gi',
        'shutdown-grace-period': '30s',
        'shutdown-grace-period-critical-pods': '10s',
      }),
    );
    assert.equal(found.podPidsLimit, -1);
    assert.deepEqual(found.kubeReserved, { cpu: '100m', memory: '200Mi' });
    assert.deepEqual(
      found.eviction.thresholds.map(({ signal, graceMs }) => [signal, graceMs]),
      [
        ['memory.available', 0],
        ['nodefs.available', 90_000],
        ['allocatableMemory.available', 0],
      ],
    );
    assert.deepEqual(found.shutdown, { graceMs: 30_000, criticalMs: 10_000 });
  });

  for (const [name, text, message] of [
    ['max-pods', '0', /must be a whole number above 0/],
    ['pod-max-pids', '0', /must be a whole number above 0, or -1/],
    ['kube-reserved', 'gpu=1', /cannot reserve "gpu"; there are cpu, memory, ephemeral-storage, pid/],
    ['kube-reserved', 'cpu=-1', /has cpu=-1, which must not be negative/],
    ['kube-reserved', 'cpu=x', /quantities must match/],
    ['system-reserved', 'cpu', /has "cpu", which must be NAME=VALUE/],
    ['eviction-hard', 'memory.available=100Mi', /has "memory\.available=100Mi", which must be NAME<VALUE/],
    ['eviction-soft-grace-period', 'memory.available=soon', /must be as 48h/],
    ['image-gc-high-threshold', '101', /must be a whole number from 0 to 100/],
    ['eviction-max-pod-grace-period', '-1', /must be a whole number of 0 or more/],
  ] as const) {
    test(`${name}: ${text} is refused`, () => assert.throws(() => NODE_OPTIONS[name].parse(text), message));
  }

  for (const [texts, message] of [
    [{ 'image-gc-low-threshold': '90' }, /--image-gc-low-threshold must be below --image-gc-high-threshold/],
    [{ 'image-maximum-gc-age': '1m' }, /--image-maximum-gc-age must not be below --image-minimum-gc-age/],
    [{ 'shutdown-grace-period-critical-pods': '1s' }, /critical-pods must not be above --shutdown-grace-period/],
    [
      { 'eviction-soft': 'memory.available<1Gi' },
      /the settings of evictions are wrong: grace period must be specified/,
    ],
    [{ 'eviction-hard': 'swap<1Gi' }, /the settings of evictions are wrong: unsupported eviction signal swap/],
  ] as const) {
    test(`${JSON.stringify(texts)} do not fit together`, () =>
      assert.throws(() => nodeSettings(config(texts)), { name: 'ConfigError', message }));
  }
});
