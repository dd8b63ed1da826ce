// Several sources in one directory: ConfigMaps, Secrets, the downward API and tokens of the pod's service account.
import type { ServiceAccountTokenProjection, VolumeProjection } from '../../api/types/core/v1.ts';
import { allContainers, specOf } from '../pod-record.ts';
import { type FileContent, writeAtomically } from './atomic-writer.ts';
import { ensureTmpfs } from './empty-dir.ts';
import { configMapFiles, DEFAULT_MODE, downwardFiles, secretFiles } from './payloads.ts';
import { type VolumeContext, VolumeError, type VolumeType } from './volume.ts';

export const projectedVolume: VolumeType = {
  field: 'projected',
  plugin: 'kubernetes.io~projected',
  async setUp(context) {
    const { sources = [], defaultMode } = context.volume.projected ?? {};
    const parts = await Promise.all(sources.map((source) => filesOf(source, context, defaultMode ?? DEFAULT_MODE)));
    const files = new Map(parts.flatMap((part) => [...part.files]));
    await ensureTmpfs(context);
    await writeAtomically(context.directory, files, specOf(context.pod).securityContext?.fsGroup);
    const refreshAt = Math.min(...parts.map((part) => part.refreshAt ?? Number.POSITIVE_INFINITY));
    return { path: context.directory, readOnly: true, ...(Number.isFinite(refreshAt) ? { refreshAt } : {}) };
  },
};

interface Part {
  files: Map<string, FileContent>;
  refreshAt?: number;
}

async function filesOf(source: VolumeProjection, context: VolumeContext, mode: number): Promise<Part> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap) return { files: await configMapFiles(configMap.name ?? '', context, { ...configMap, mode }) };
  if (secret) return { files: await secretFiles(secret.name ?? '', context, { ...secret, mode }) };
  if (downwardAPI) return { files: downwardFiles(downwardAPI.items ?? [], { ...context, mode }) };
  if (serviceAccountToken) return tokenFile(serviceAccountToken, context, mode);
  throw new VolumeError(`a source of projected volume "${context.volume.name}" is not supported by this kubelet`);
}

async function tokenFile(source: ServiceAccountTokenProjection, context: VolumeContext, mode: number): Promise<Part> {
  const { token, refreshAt } = await context.objects.serviceAccountToken({
    audience: source.audience ?? '',
    expirationSeconds: source.expirationSeconds ?? 3600,
  });
  const file = { data: Buffer.from(token), ...tokenOwner(context, mode) };
  return { files: new Map([[source.path, file]]), refreshAt };
}

/** Only the one user of the pod, else the group, else everybody may read it (pkg/volume/projected, KEP 2451). */
function tokenOwner({ pod }: VolumeContext, mode: number): { mode: number; uid?: number } {
  const spec = specOf(pod);
  if (spec.securityContext?.fsGroup !== undefined) return { mode: 0o600 };
  const users = new Set(
    allContainers(spec).map((c) => c.securityContext?.runAsUser ?? spec.securityContext?.runAsUser),
  );
  const [user] = users;
  return users.size === 1 && user !== undefined ? { mode: 0o600, uid: user } : { mode };
}
