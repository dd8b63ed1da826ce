import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReference } from '../../src/kubelet/images.ts';

for (const [image, expected] of [
  ['busybox', true],
  ['registry.k8s.io/pause:3.10', true],
  ['localhost:5000/a/b_c__d-e.f:v1.0', true],
  [`ghcr.io/a/b@sha256:${'0'.repeat(64)}`, true],
  [`a:tag@sha256:${'0'.repeat(64)}`, true],
  ['Upper/case', true],
  ['Upper', false],
  ['a/Upper', false],
  ['', false],
  ['a:', false],
  ['a b', false],
  ['a//b', false],
  ['a@sha256:12', false],
  [`${'.'.repeat(10_000)}!`, false],
] as const) {
  test(`${JSON.stringify(image.slice(0, 40))} is ${expected ? '' : 'not '}an image's name`, () => {
    assert.equal(isReference(image), expected);
  });
}
