// Environment of containers (pkg/apis/core/validation ValidateEnv, ValidateEnvFrom).
import { isConfigMapKey, isDNS1123Label, isRelaxedEnvVarName, nameIsDNSSubdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { EnvFromSource, EnvVar, FileKeySelector, PodSpec } from '../types/core/v1.ts';
import { visitContainers } from './containers-of.ts';
import { ENV_FIELD_PATHS, fieldRefErrors, resourceFieldErrors } from './field-ref.ts';
import { invalidEach, noBackSteps } from './rules.ts';

export const validateEnv = (variables: readonly EnvVar[] = [], path: string): FieldError[] =>
  variables.flatMap((variable, i) => [
    ...named(variable.name, `${path}[${i}].name`, isRelaxedEnvVarName),
    ...valueFrom(variable, `${path}[${i}].valueFrom`),
  ]);

/** Required, and as `rule` says. */
const named = (value: string | undefined, path: string, rule: (value: string) => string[]): FieldError[] =>
  value ? invalidEach(path, value, rule(value)) : [fieldError.required(path)];

function valueFrom({ value = '', valueFrom: from }: EnvVar, path: string): FieldError[] {
  if (!from) return [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = from;
  const errors = [
    ...(fieldRef ? fieldRefErrors(fieldRef, ENV_FIELD_PATHS, `${path}.fieldRef`) : []),
    ...(resourceFieldRef ? resourceFieldErrors(resourceFieldRef, `${path}.resourceFieldRef`) : []),
    ...(configMapKeyRef ? keyRefErrors(configMapKeyRef, `${path}.configMapKeyRef`) : []),
    ...(secretKeyRef ? keyRefErrors(secretKeyRef, `${path}.secretKeyRef`) : []),
    ...(fileKeyRef ? fileKeyErrors(fileKeyRef, `${path}.fileKeyRef`) : []),
  ];
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  const wrong = sourceProblem(sources, value);
  return wrong ? [...errors, fieldError.invalid(path, '', wrong)] : errors;
}

function sourceProblem(sources: number, value: string): string | undefined {
  if (sources === 0) {
    return 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
  }
  if (value !== '') return 'may not be specified when `value` is not empty';
  return sources > 1 ? 'may not have more than one field specified at a time' : undefined;
}

const keyRefErrors = ({ name = '', key }: { name?: string; key?: string }, path: string): FieldError[] => [
  ...invalidEach(`${path}.name`, name, nameIsDNSSubdomain(name, false)),
  ...named(key, `${path}.key`, isConfigMapKey),
];

const fileKeyErrors = ({ key, volumeName, path: file }: FileKeySelector, path: string): FieldError[] => [
  ...named(key, `${path}.key`, isRelaxedEnvVarName),
  ...named(volumeName, `${path}.volumeName`, isDNS1123Label),
  ...(file ? noBackSteps(file, `${path}.path`) : [fieldError.required(`${path}.path`)]),
];

/** Files with variables are written by the Pod's own containers, so they lie in an emptyDir. */
export function validateFileKeyVolumes(spec: PodSpec, path: string): FieldError[] {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return visitContainers(spec, path).flatMap(({ container, at }) =>
    (container.env ?? []).flatMap(({ valueFrom: from }, i) => {
      const name = from?.fileKeyRef?.volumeName;
      if (!from?.fileKeyRef) return [];
      const field = `${at}.env[${i}].valueFrom.fileKeyRef.volumeName`;
      const volume = volumes.get(name ?? '');
      if (!volume) return [fieldError.notFound(field, name ?? '')];
      return volume.emptyDir ? [] : [fieldError.invalid(field, name, 'referenced volume must be of type emptyDir')];
    }),
  );
}

/** Sources are reported as the list, without their index. */
export const validateEnvFrom = (sources: readonly EnvFromSource[] = [], path: string): FieldError[] =>
  sources.flatMap(({ prefix, configMapRef, secretRef }, i) => {
    const errors = prefix ? invalidEach(`${path}[${i}].prefix`, prefix, isRelaxedEnvVarName(prefix)) : [];
    for (const [kind, ref] of Object.entries({ configMapRef, secretRef })) {
      if (ref) errors.push(...named(ref.name, `${path}[${i}].${kind}.name`, (name) => nameIsDNSSubdomain(name, true)));
    }
    if (!configMapRef && !secretRef) {
      errors.push(fieldError.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (configMapRef && secretRef) {
      errors.push(fieldError.invalid(path, '', 'may not have more than one field specified at a time'));
    }
    return errors;
  });
