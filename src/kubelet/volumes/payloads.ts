// Contents of ConfigMaps, Secrets and the downward API as files: shared by the volumes of their own and by projected.
import type { DownwardAPIVolumeFile, KeyToPath, Pod } from '../../api/types/core/v1.ts';
import { fieldValue, type NodeFacts, resourceValue } from '../field-path.ts';
import type { FileContent } from './atomic-writer.ts';
import { type VolumeContext, VolumeError } from './volume.ts';

export const DEFAULT_MODE = 0o644;

interface SourceOptions {
  items?: readonly KeyToPath[];
  mode: number;
  optional?: boolean;
}

type Context = Pick<VolumeContext, 'pod' | 'objects'>;

export async function configMapFiles(
  name: string,
  context: Context,
  options: SourceOptions,
): Promise<Map<string, FileContent>> {
  const map = await context.objects.configMap(name);
  if (!map && !options.optional) throw new VolumeError(`configmap "${name}" not found`);
  const text = Object.entries(map?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
  const binary = Object.entries(map?.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  );
  return select(new Map([...text, ...binary]), { ...options, absent: 'configmap references non-existent config key' });
}

export async function secretFiles(
  name: string,
  context: Context,
  options: SourceOptions,
): Promise<Map<string, FileContent>> {
  const secret = await context.objects.secret(name);
  if (!secret && !options.optional) throw new VolumeError(`secret "${name}" not found`);
  const values = Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return select(new Map(values), { ...options, absent: 'references non-existent secret key' });
}

/** All keys, or the items under the paths they ask for. */
function select(
  values: ReadonlyMap<string, Buffer>,
  options: SourceOptions & { absent: string },
): Map<string, FileContent> {
  const files = new Map<string, FileContent>();
  if (!options.items || options.items.length === 0) {
    for (const [key, data] of values) files.set(key, { data, mode: options.mode });
    return files;
  }
  for (const item of options.items) {
    const data = values.get(item.key);
    if (data) files.set(item.path, { data, mode: item.mode ?? options.mode });
    else if (!options.optional) throw new VolumeError(`${options.absent}: ${item.key}`);
  }
  return files;
}

export function downwardFiles(
  items: readonly DownwardAPIVolumeFile[],
  at: { pod: Pod; node: NodeFacts; mode: number },
): Map<string, FileContent> {
  return new Map(
    items.map((item) => {
      const text = item.fieldRef
        ? fieldValue(item.fieldRef.fieldPath, at.pod, { podIPs: [], node: at.node })
        : item.resourceFieldRef
          ? resourceValue(item.resourceFieldRef, at.pod, undefined, at.node)
          : '';
      return [item.path, { data: Buffer.from(text), mode: item.mode ?? at.mode }];
    }),
  );
}
