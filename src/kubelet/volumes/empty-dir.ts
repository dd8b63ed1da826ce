// An empty directory that lives as long as the pod: on disk, in memory or in huge pages (pkg/volume/emptydir).
import { chmod, mkdir } from 'node:fs/promises';
import type { Pod } from '../../api/types/core/v1.ts';
import { compareQuantity, formatQuantity, parseQuantity, value } from '../../apimachinery/quantity.ts';
import type { NodeFacts } from '../field-path.ts';
import { specOf } from '../pod-record.ts';
import { fsGroupOf, giveToGroup } from './ownership.ts';
import { type VolumeContext, VolumeError, type VolumeType } from './volume.ts';

const HUGE_PAGES = 'HugePages';
const RESOURCE = 'hugepages-';

export const emptyDirVolume: VolumeType = {
  field: 'emptyDir',
  plugin: 'kubernetes.io~empty-dir',
  async setUp(context) {
    const { medium = '', sizeLimit } = context.volume.emptyDir ?? {};
    const isNew = await makeEmpty(context, medium, sizeLimit);
    const group = fsGroupOf(context.pod);
    if (isNew && group !== undefined) await giveToGroup(context.directory, group, { readOnly: false });
    return { path: context.directory };
  },
};

/** Makes the directory on what it is to be on; returns whether there is something new now. */
export async function makeEmpty(
  { directory, mounter, pod, node }: Pick<VolumeContext, 'directory' | 'mounter' | 'pod' | 'node'>,
  medium: string,
  sizeLimit?: string,
): Promise<boolean> {
  const isMade = (await mkdir(directory, { recursive: true })) !== undefined;
  if (isMade) await chmod(directory, 0o777); // not through the umask
  if (medium === '') return isMade;
  if ((await mounter.under(directory)).includes(directory)) return false;
  if (medium === 'Memory') await mounter.tmpfs(directory, memorySize(pod, node, sizeLimit));
  else if (medium === HUGE_PAGES || medium.startsWith(`${HUGE_PAGES}-`)) {
    await mounter.hugetlbfs(directory, pageSize(pod, medium));
  } else throw new VolumeError(`unknown storage medium "${medium}"`);
  return true;
}

/** Bytes: the least of the volume's limit, what the pod may use, and what all pods of the node may. */
export function memorySize(pod: Pod, node: NodeFacts, sizeLimit: string | undefined): number {
  const own = sizeLimit === undefined ? 0 : value(parseQuantity(sizeLimit));
  const bounds = [own, podMemoryLimit(pod) ?? 0].filter((bound) => bound > 0);
  return Math.min(value(parseQuantity(node.allocatable.memory)), ...bounds);
}

/** Of the pod itself, else of its containers together, which must all have one. */
function podMemoryLimit(pod: Pod): number | undefined {
  const spec = specOf(pod);
  const limitOf = (of: { resources?: { limits?: Record<string, string> } }) => {
    const text = of.resources?.limits?.memory;
    return text === undefined ? undefined : value(parseQuantity(text));
  };
  const own = limitOf(spec);
  if (own !== undefined) return own;
  const init = spec.initContainers ?? [];
  const together = [...spec.containers, ...init.filter((c) => c.restartPolicy === 'Always')].map(limitOf);
  const apart = init.filter((c) => c.restartPolicy !== 'Always').map(limitOf);
  const known = (limits: (number | undefined)[]) => limits.filter((limit) => limit !== undefined);
  if (known([...together, ...apart]).length < together.length + apart.length) return undefined;
  return Math.max(
    known(together).reduce((a, b) => a + b, 0),
    ...known(apart),
  );
}

/** As the pod asks for: its huge pages of the medium's size, or its only ones (getPageSizeMountOption). */
export function pageSize(pod: Pod, medium: string): string {
  const spec = specOf(pod);
  const asked = [spec, ...spec.containers, ...(spec.initContainers ?? [])]
    .flatMap(({ resources }) => Object.keys(resources?.requests ?? {}))
    .filter((name) => name.startsWith(RESOURCE))
    .map((name) => parseQuantity(name.slice(RESOURCE.length)));
  const wanted = medium === HUGE_PAGES ? asked[0] : parseQuantity(medium.slice(HUGE_PAGES.length + 1));
  if (!wanted || !asked.some((size) => compareQuantity(size, wanted) === 0)) {
    throw new VolumeError(
      `medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`,
    );
  }
  if (medium === HUGE_PAGES && asked.some((size) => compareQuantity(size, wanted) !== 0)) {
    throw new VolumeError(`medium: ${medium} can't be used if container requests multiple huge page sizes`);
  }
  return formatQuantity(wanted);
}
