// An image as the archive that runtimes load: an OCI layout in one tar, in which every layer is stored once. The same
// input gives the same bytes. https://github.com/opencontainers/image-spec v1.1 image-layout.md
import { createHash } from 'node:crypto';
import { tar } from './tar.ts';

export interface ArchivedImage {
  references: readonly string[];
  /** Env, Cmd, Entrypoint … of the image's configuration. */
  config: Readonly<Record<string, unknown>>;
}

export function ociArchive(image: ArchivedImage, layers: readonly Buffer[]): Buffer {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer) => {
    const hash = createHash('sha256').update(content).digest('hex');
    blobs.set(hash, content);
    return { mediaType, digest: `sha256:${hash}`, size: content.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const layerDescriptors = layers.map((layer) => add('application/vnd.oci.image.layer.v1.tar', layer));
  const config = add(
    'application/vnd.oci.image.config.v1+json',
    json({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: image.config,
      rootfs: { type: 'layers', diff_ids: layerDescriptors.map((d) => d.digest) },
    }),
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = add(mediaType, json({ schemaVersion: 2, mediaType, config, layers: layerDescriptors }));
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: image.references.map((reference) => ({
      ...manifest,
      annotations: {
        'io.containerd.image.name': reference,
        'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
      },
    })),
  };
  return tar([
    { path: 'blobs/', mode: 0o755 },
    { path: 'blobs/sha256/', mode: 0o755 },
    ...[...blobs].sort().map(([hash, content]) => ({ path: `blobs/sha256/${hash}`, mode: 0o444, content })),
    { path: 'index.json', mode: 0o444, content: json(index) },
    { path: 'oci-layout', mode: 0o444, content: json({ imageLayoutVersion: '1.0.0' }) },
  ]);
}
