import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, historyOf, historyPolicy, historySize } from '../../src/daemon/history-settings.ts';

const HOUR = 3_600_000;

test('durations and sizes are read as they are written', () => {
  assert.deepEqual(['0', '90s', '48h', '1h30m', '7d'].map(duration), [0, 90_000, 48 * HOUR, 1.5 * HOUR, 168 * HOUR]);
  assert.deepEqual(['0', '64Ki', '512Mi', '2Gi'].map(historySize), [0, 2 ** 16, 2 ** 29, 2 ** 31]);
  for (const wrong of ['', '1', 'h', '1h30', '-1h', '1w'])
    assert.throws(() => duration(wrong), /must be as 48h/, wrong);
});

test('resources are named as kubectl names them, and become what the store knows them by', () => {
  assert.deepEqual(
    [...historyOf('pods=6h, deployments.apps=7d,widgets.example.com=0')],
    [
      ['/core/pods/', 6 * HOUR],
      ['/apps/deployments/', 168 * HOUR],
      ['/example.com/widgets/', 0],
    ],
  );
});

test('Events and Leases are kept for minutes unless asked otherwise, and memory holds less', () => {
  const settings = { history: HOUR, 'history-size': 2 ** 30, 'history-of': historyOf('events=2h'), storage: '' };
  const policy = historyPolicy(settings);
  assert.deepEqual([policy.historyMs, policy.historyBytes], [HOUR, 2 ** 30]);
  assert.equal(policy.historyOf?.get('/core/events/'), 2 * HOUR);
  assert.equal(policy.historyOf?.get('/coordination.k8s.io/leases/'), 0);
  assert.equal(historyPolicy({ ...settings, storage: 'memory:' }).historyBytes, 2 ** 26);
});
