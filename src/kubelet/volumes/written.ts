// Volumes whose files the kubelet writes (configMap, secret, downwardAPI, projected): where they lie, and the folders
// that other volumes of a container are mounted on inside them (pkg/volume/util/nested_volumes.go), as nobody else can
// make them in a volume that is read only.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../api/types/core/v1.ts';
import { allContainers, specOf } from '../pod-record.ts';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { makeEmpty } from './empty-dir.ts';
import { fsGroupOf } from './ownership.ts';
import type { VolumeContext, VolumeSetUp } from './volume.ts';

/** `medium` as an emptyDir has it. */
export async function writeVolume(context: VolumeContext, files: Payload, medium: '' | 'Memory'): Promise<VolumeSetUp> {
  const { directory, volume, pod, clock } = context;
  const fsGroup = fsGroupOf(pod);
  await makeEmpty(context, medium);
  for (const place of nestedMountPoints(volume.name, pod)) {
    await mkdir(path.join(directory, place), { recursive: true, mode: 0o755 });
  }
  await writeAtomically(directory, files, { clock, ...(fsGroup === undefined ? {} : { fsGroup }) });
  return { path: directory, readOnly: true };
}

/** Where other volumes are mounted below this one, relative to it; what is mounted below those is theirs. */
export function nestedMountPoints(volume: string, pod: Pod): string[] {
  const found = new Set<string>();
  for (const { volumeMounts = [] } of allContainers(specOf(pod))) {
    const points = volumeMounts.map(({ mountPath }) => path.posix.resolve('/', mountPath)).toSorted();
    for (const { mountPath } of volumeMounts.filter(({ name }) => name === volume)) {
      const own = `${path.posix.resolve('/', mountPath)}/`;
      const nested: string[] = [];
      for (const point of points.filter((one) => one.startsWith(own))) {
        if (!nested.some((outer) => point.startsWith(`${outer}/`))) nested.push(point);
      }
      for (const point of nested) found.add(point.slice(own.length));
    }
  }
  return [...found];
}
