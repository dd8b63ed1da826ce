// A Pod's volumes: one source each (pkg/apis/core/validation ValidateVolumes, validateVolumeSource).
import { isDNS1123Label, nameIsDNSSubdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Volume } from '../types/core/v1.ts';
import { invalidEach } from './rules.ts';
import { VOLUME_SOURCES } from './volume-sources.ts';

/** Whose volumes they are: undefined in a template, whose Pods have no names yet. */
export interface VolumeOwner {
  podName: string;
}

export interface CheckedVolumes {
  errors: FieldError[];
  /** Those without errors, by name: what mounts may use. */
  usable: ReadonlyMap<string, Volume>;
}

export function validateVolumes(volumes: readonly Volume[], path: string, pod?: VolumeOwner): CheckedVolumes {
  const errors: FieldError[] = [];
  const usable = new Map<string, Volume>();
  const made = new Set(pod?.podName ? volumes.filter((v) => v.ephemeral).map((v) => `${pod.podName}-${v.name}`) : []);
  for (const [i, volume] of volumes.entries()) {
    const at = `${path}[${i}]`;
    const own = [...sourceErrors(volume, at, pod), ...nameErrors(volume.name ?? '', `${at}.name`)];
    if (usable.has(volume.name)) own.push(fieldError.duplicate(`${at}.name`, volume.name));
    if (own.length === 0) usable.set(volume.name, volume);
    errors.push(...own);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && made.has(claim)) {
      const text = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.push(fieldError.invalid(`${at}.persistentVolumeClaim.claimName`, claim, text));
    }
  }
  return { errors, usable };
}

const nameErrors = (name: string, path: string): FieldError[] =>
  name ? invalidEach(path, name, isDNS1123Label(name)) : [fieldError.required(path)];

/** The first source is checked; all others are too many. */
function sourceErrors(volume: Volume, path: string, pod: VolumeOwner | undefined): FieldError[] {
  const given = VOLUME_SOURCES.filter(({ kind }) => volume[kind] !== undefined);
  const [first, ...others] = given;
  if (!first) return [fieldError.required(path, 'must specify a volume type')];
  return [
    ...first.check(volume, path, pod !== undefined),
    ...others.map(({ kind, forbiddenAs = kind }) =>
      fieldError.forbidden(`${path}.${forbiddenAs}`, 'may not specify more than 1 volume type'),
    ),
    ...(first.kind === 'ephemeral' && pod ? claimNameErrors(volume, path, pod) : []),
  ];
}

/** The claim that is made for an ephemeral volume is named after both. */
function claimNameErrors({ name }: Volume, path: string, { podName }: VolumeOwner): FieldError[] {
  if (!podName || !name) return [];
  const claim = `${podName}-${name}`;
  return nameIsDNSSubdomain(claim, false).map((text) =>
    fieldError.invalid(`${path}.name`, name, `PVC name ${JSON.stringify(claim)}: ${text}`),
  );
}
