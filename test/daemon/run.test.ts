import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitText } from '../../src/daemon/run.ts';

test('the systemd unit runs the same command, leaves containers alone and comes back after a failure', () => {
  const unit = unitText(['/opt/node', '/srv/a b/run.js', 'server', '--port=6443']);
  assert.match(unit, /^ExecStart=\/opt\/node '\/srv\/a b\/run\.js' server --port=6443$/m);
  assert.match(unit, /^KillMode=process$/m);
  assert.match(unit, /^Restart=on-failure$/m);
  assert.match(unit, /^WantedBy=multi-user\.target$/m);
  assert.match(unit, /^Environment="?PATH=/m);
});
