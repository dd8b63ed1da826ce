// Volumes that no driver serves any more, and files of one volume that overwrite each other (pkg/api/pod/warnings.go).
import type { KeyToPath, PersistentVolumeClaimSpec, Volume, VolumeProjection } from '../types/core/v1.ts';
import { isWhole } from '../validation/rules.ts';

const DEPRECATED: readonly [kind: keyof Volume, text: string, as?: string][] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

export const volumeWarnings = (volumes: readonly Volume[], path: string): string[] => [
  ...volumes.flatMap((volume, i) => [
    ...DEPRECATED.filter(([kind]) => volume[kind] !== undefined).map(
      ([kind, text, as = kind]) => `${path}[${i}].${as}: ${text}`,
    ),
    ...claimWarnings(volume.ephemeral?.volumeClaimTemplate?.spec, `${path}[${i}].ephemeral.volumeClaimTemplate.spec`),
  ]),
  ...volumes.flatMap(overlapWarnings),
];

export function claimWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((kind) => {
    const size = spec?.resources?.[kind]?.storage;
    return size === undefined || isWhole(size)
      ? []
      : [`${path}.resources.${kind}[storage]: fractional byte value "${size}" is invalid, must be an integer`];
  });
}

interface PathOf {
  path: string;
  source: string;
}

function overlapWarnings({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const overlaps = (kind: string, paths: readonly PathOf[]) =>
    overlapping(paths).map((text) => `volume "${name}" (${kind}): overlapping paths: ${text}`);
  const empty = (projected?.sources ?? []).filter((source) => Object.keys(source).length === 0);
  return [
    ...overlaps(`ConfigMap "${configMap?.name ?? ''}"`, pathsOf(configMap?.items)),
    ...overlaps(`Secret "${secret?.secretName ?? ''}"`, pathsOf(secret?.items)),
    ...overlaps('DownwardAPI', pathsOf(downwardAPI?.items)),
    ...empty.map(() => `volume "${name}" (Projected) has no sources provided`),
    ...overlaps('Projected', (projected?.sources ?? []).flatMap(projectedPaths)),
  ];
}

const pathsOf = (items: readonly Pick<KeyToPath, 'path'>[] = [], source = ''): PathOf[] =>
  items.map(({ path }) => ({ path, source }));

function projectedPaths({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): PathOf[] {
  if (configMap?.items) return pathsOf(configMap.items, `ConfigMap "${configMap.name ?? ''}"`);
  if (secret?.items) return pathsOf(secret.items, `Secret "${secret.name ?? ''}"`);
  if (downwardAPI?.items) return pathsOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }] : [];
}

/** Paths that are the same, or one below another. */
function overlapping(paths: readonly PathOf[]): string[] {
  const trimmed = paths.map(({ path, source }) => ({ path: path.replace(/\/+$/, ''), source }));
  const show = ({ path, source }: PathOf) => `"${path}"${source ? ` (${source})` : ''}`;
  return trimmed.flatMap((own, i) =>
    own.path === ''
      ? []
      : trimmed
          .slice(0, i)
          .filter(
            ({ path }) =>
              path !== '' && (`${path}/`.startsWith(`${own.path}/`) || `${own.path}/`.startsWith(`${path}/`)),
          )
          .map((other) => `${show(own)} with ${show(other)}`),
  );
}
