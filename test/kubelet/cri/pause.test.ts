// The program that holds a pod's namespaces. That it runs is tested where sandboxes are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseArchive, pauseProgram } from '../../../src/kubelet/cri/pause.ts';

test('the pause program is a static ELF executable of one page', () => {
  for (const [arch, machine] of [
    ['x64', 62],
    ['arm64', 183],
  ] as const) {
    const program = pauseProgram(arch);
    assert.equal(program.toString('latin1', 0, 4), '\x7fELF');
    assert.equal(program.readUInt16LE(18), machine);
    assert.equal(Number(program.readBigUInt64LE(96)), program.length);
  }
  assert.throws(() => pauseProgram('mips'), { reason: 'CreatePodSandboxError' });
});

test('its image is the same bytes each time', () => assert.deepEqual(pauseArchive(), pauseArchive()));
