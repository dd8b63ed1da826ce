// Image volumes below a sandbox: layers by their chain, mounted once, parts of them without a way out.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chainId, createImageMounts } from '../../../../src/kubelet/cri/nerdctl/image-mounts.ts';
import { noMounts } from '../../kubelet-bed.ts';

// ChainID(A, B) = Digest(ChainID(A) + " " + Digest(B)): printf 'sha256:a sha256:b' | sha256sum
test('the chain of layers', () => {
  assert.equal(chainId(['sha256:a']), 'sha256:a');
  assert.equal(
    chainId(['sha256:a', 'sha256:b']),
    'sha256:970a948bffa8de94d6e22d747ba8c95030e6e546909f98f54e99a13005e173a8',
  );
});

test('plain mounts stay as they are; an image is bound from where it is mounted, and its layers are held', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'image-mounts-'));
  try {
    const points: string[] = [];
    const bound: string[] = [];
    const images = createImageMounts({
      nerdctl: {
        argv: () => assert.fail('not run'),
        run: async () => ({ stdout: '[{"RootFS":{"Layers":["sha256:a"]}}\n]', stderr: '' }),
      },
      snapshots: {
        writableLayers: () => assert.fail('not asked for'),
        imageFilesystem: () => assert.fail('not asked for'),
        view: async () => [],
      },
      mounter: {
        ...noMounts,
        under: async () => points,
        unmount: async (point) => void points.splice(points.indexOf(point), 1),
        bind: async (source, target) => void bound.push(readlinkSync(source), target),
      },
    });
    const plain = { hostPath: '/a', containerPath: '/a', readOnly: false };
    assert.deepEqual(await images.resolve([plain], folder), { mounts: [plain], labels: {} });

    const image = { hostPath: '', containerPath: '/web', readOnly: true, image: { reference: 'web:1' } };
    const { mounts, labels } = await images.resolve([plain, image], folder);
    const place = mounts[1]?.hostPath ?? '';
    assert.deepEqual(mounts, [plain, { hostPath: place, containerPath: '/web', readOnly: true }]);
    assert.ok(existsSync(place) && place.startsWith(`${folder}/images/`));
    assert.deepEqual(labels, { 'containerd.io/gc.ref.snapshot.overlayfs/0': 'sha256:a' });

    const part = { ...image, image: { reference: 'web:1', subPath: '.' } };
    const other = (await images.resolve([part], folder)).mounts[0]?.hostPath;
    assert.deepEqual(bound, [place, other]);
    const absent = { ...image, image: { reference: 'web:1', subPath: 'no/such' } };
    await assert.rejects(images.resolve([absent], folder), {
      reason: 'CreateContainerError',
      message: /^subPath "no\/such" of an image: ENOENT/,
    });

    points.push(place);
    await images.release(folder);
    assert.deepEqual(points, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
