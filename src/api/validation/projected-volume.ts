// Volumes made of files: keys of Secrets and ConfigMaps, fields of the Pod, tokens (pkg/apis/core/validation
// validateProjectedVolumeSource, validateDownwardAPIVolumeSource). Sources behind gates that are off never get here.
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../types/core/v1.ts';
import { fieldRefErrors, resourceFieldErrors, VOLUME_FIELD_PATHS } from './field-ref.ts';
import { fileMode, localPath, required } from './rules.ts';

export const keyPaths = (items: readonly KeyToPath[] = [], path: string): FieldError[] =>
  items.flatMap(({ key, path: target = '', mode }, i) => [
    ...required(key, `${path}[${i}].key`),
    ...required(target, `${path}[${i}].path`),
    ...localPath(target, `${path}[${i}].path`),
    ...fileMode(mode, `${path}[${i}].mode`),
  ]);

/** Files are reported without their index. */
export const downwardAPI = ({ defaultMode, items = [] }: DownwardAPIVolumeSource, path: string): FieldError[] => [
  ...fileMode(defaultMode, `${path}.defaultMode`),
  ...items.flatMap((file) => downwardFile(file, path)),
];

function downwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const { path: target = '', fieldRef, resourceFieldRef, mode } = file;
  const errors = [...required(target, `${path}.path`), ...localPath(target, `${path}.path`)];
  if (fieldRef) {
    errors.push(...fieldRefErrors(fieldRef, VOLUME_FIELD_PATHS, `${path}.fieldRef`));
    if (resourceFieldRef) {
      const text = 'fieldRef and resourceFieldRef can not be specified simultaneously';
      errors.push(fieldError.invalid(path, 'resource', text));
    }
  } else if (resourceFieldRef) {
    errors.push(...resourceFieldErrors(resourceFieldRef, `${path}.resourceFieldRef`, { inVolume: true }));
  } else errors.push(fieldError.required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...fileMode(mode, `${path}.mode`)];
}

export function projected({ defaultMode, sources }: ProjectedVolumeSource, path: string): FieldError[] {
  const taken = new Set<string>();
  /** Each path once, whatever source it comes from. */
  const claim = (target: string | undefined): FieldError[] => {
    if (!target) return [];
    if (taken.has(target)) return [fieldError.invalid(path, target, 'conflicting duplicate paths')];
    taken.add(target);
    return [];
  };
  return [
    ...fileMode(defaultMode, `${path}.defaultMode`),
    ...(sources ?? []).flatMap((source, i) => projection(source, `${path}.sources[${i}]`, { volume: path, claim })),
  ];
}

interface Volume {
  volume: string;
  claim(target: string | undefined): FieldError[];
}

function projection(source: VolumeProjection, path: string, { volume, claim }: Volume): FieldError[] {
  const errors: FieldError[] = [];
  for (const kind of ['secret', 'configMap'] as const) {
    const { name, items = [] } = source[kind] ?? {};
    if (!source[kind]) continue;
    errors.push(...required(name, `${path}.${kind}.name`), ...keyPaths(items, `${path}.${kind}.items`));
    errors.push(...items.flatMap((item) => claim(item.path)));
  }
  for (const file of source.downwardAPI?.items ?? []) {
    errors.push(...downwardFile(file, `${path}.downwardAPI`), ...claim(file.path));
  }
  if (source.serviceAccountToken) errors.push(...token(source.serviceAccountToken, path, volume));
  const kinds = Object.values(source).filter((value) => value !== undefined);
  if (kinds.length > 1) {
    errors.push(fieldError.forbidden(path, 'may not specify more than 1 volume type per source'));
  }
  return errors;
}

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

/** Its path is reported as the volume's. */
function token(source: ServiceAccountTokenProjection, path: string, volume: string): FieldError[] {
  const { expirationSeconds: seconds = 0, path: target = '' } = source;
  const errors: FieldError[] = [];
  const problem =
    seconds < MIN_TOKEN_SECONDS
      ? 'less than 10 minutes'
      : seconds > MAX_TOKEN_SECONDS
        ? 'larger than 2^32 seconds'
        : undefined;
  if (problem) {
    const at = `${path}.serviceAccountToken.expirationSeconds`;
    errors.push(fieldError.invalid(at, seconds, `may not specify a duration ${problem}`));
  }
  const at = `${volume}.path`;
  return [...errors, ...(target ? localPath(target, at) : [fieldError.required(at)])];
}
