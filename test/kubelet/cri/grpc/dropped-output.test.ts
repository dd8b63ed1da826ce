import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropsLastOutput } from '../../../../src/kubelet/cri/grpc/dropped-output.ts';

const cases: [name: string, version: string, drops: boolean][] = [
  ['containerd', 'v1.6.0', true],
  ['containerd', '1.6.20~ds1', true],
  ['containerd', '1.6.21', true],
  ['containerd', '1.6.22', false],
  ['containerd', 'v1.7.2', true],
  ['containerd', 'v1.7.3', false],
  ['containerd', 'v1.7.27-1', false],
  ['containerd', 'v2.1.6', false],
  ['containerd', '', false],
  ['cri-o', '1.6.20', false],
];
for (const [name, version, drops] of cases) {
  test(`${name} ${version} ${drops ? 'drops' : 'keeps'} what a container wrote last`, () =>
    assert.equal(dropsLastOutput({ name, version }), drops));
}
