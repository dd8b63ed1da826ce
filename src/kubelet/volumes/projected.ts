// Several sources in one directory: ConfigMaps, Secrets, the downward API and tokens of the pod's service account.
import type { ServiceAccountTokenProjection, VolumeProjection } from '../../api/types/core/v1.ts';
import type { FileContent } from './atomic-writer.ts';
import { fsGroupOf, fsUserOf } from './ownership.ts';
import { configMapFiles, DEFAULT_MODE, downwardFiles, secretFiles } from './payloads.ts';
import { type VolumeContext, VolumeError, type VolumeType } from './volume.ts';
import { writeVolume } from './written.ts';

export const projectedVolume: VolumeType = {
  field: 'projected',
  plugin: 'kubernetes.io~projected',
  requiresRemount: true,
  async setUp(context) {
    const { sources, defaultMode } = context.volume.projected ?? {};
    const tried = await Promise.allSettled(
      (sources ?? []).map((source) => filesOf(source, context, defaultMode ?? DEFAULT_MODE)),
    );
    const failures = tried.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Error);
    if (failures.length > 0) throw together(failures);
    const parts = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const made = await writeVolume(context, new Map(parts.flatMap((part) => [...part.files])), 'Memory');
    const refreshAt = Math.min(...parts.map((part) => part.refreshAt ?? Number.POSITIVE_INFINITY));
    return { ...made, ...(Number.isFinite(refreshAt) ? { refreshAt } : {}) };
  },
};

/** As upstream's aggregates read: each message once, several in brackets. */
function together(failures: readonly Error[]): VolumeError {
  const messages = [...new Set(failures.map(({ message }) => message))];
  const text = messages.length === 1 ? (messages[0] as string) : `[${messages.join(', ')}]`;
  return new VolumeError(text, { cause: failures.length === 1 ? failures[0] : new AggregateError(failures) });
}

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

/** Only the one user of the pod, else the group, else everybody may read it (KEP 2451). */
function tokenOwner({ pod }: VolumeContext, mode: number): { mode: number; uid?: number } {
  const uid = fsUserOf(pod);
  const isOwned = uid !== undefined || fsGroupOf(pod) !== undefined;
  return { mode: isOwned ? 0o600 : mode, ...(uid === undefined ? {} : { uid }) };
}
