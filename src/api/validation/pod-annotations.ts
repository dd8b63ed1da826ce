// Annotations that mean something for a Pod (pkg/apis/core/validation ValidatePodSpecificAnnotations), and older
// profiles in annotations that may not contradict the fields which came after them.
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodSpec, Toleration } from '../types/core/v1.ts';
import { visitContainers } from './containers-of.ts';
import { descendingPath } from './rules.ts';
import { validateTolerations } from './scheduling.ts';

type Annotations = Readonly<Record<string, string>>;

const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const APPARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/';

export function validatePodAnnotations(annotations: Annotations = {}, spec: PodSpec, path: string): FieldError[] {
  const { [MIRROR]: mirror, [TOLERATIONS]: tolerations, [DELETION_COST]: cost } = annotations;
  const errors: FieldError[] = [];
  if (mirror !== undefined && !spec.nodeName) {
    const text = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(fieldError.invalid(`${path}[${MIRROR}]`, mirror, text));
  }
  if (tolerations) errors.push(...tolerationErrors(tolerations, path));
  if (cost !== undefined && !isInt32(cost)) {
    errors.push(fieldError.invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer'));
  }
  return [...errors, ...seccomp(annotations, path), ...appArmor(annotations, spec, path)];
}

function tolerationErrors(text: string, path: string): FieldError[] {
  let tolerations: unknown;
  try {
    tolerations = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [fieldError.invalid(path, TOLERATIONS, error.message)];
  }
  if (tolerations === null) return [];
  if (!Array.isArray(tolerations)) return [fieldError.invalid(path, TOLERATIONS, 'must be a list')];
  return validateTolerations(tolerations as Toleration[], `${path}.${TOLERATIONS}`);
}

/** No plus before it, and no zero (pkg/apis/core/helper validFirstDigit). */
const isInt32 = (text: string): boolean =>
  /^(0|-\d+|[1-9]\d*)$/.test(text) && Number(text) >= -2_147_483_648 && Number(text) <= 2_147_483_647;

const LOCALHOST = 'localhost/';

const seccomp = (annotations: Annotations, path: string): FieldError[] =>
  Object.entries(annotations)
    .filter(([key]) => key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER))
    .flatMap(([key, profile]) => {
      if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
      if (profile.startsWith(LOCALHOST)) return descendingPath(profile.slice(LOCALHOST.length), `${path}.${key}`);
      return [fieldError.invalid(`${path}.${key}`, profile, 'must be a valid seccomp profile')];
    });

const appArmor = (annotations: Annotations, spec: PodSpec, path: string): FieldError[] =>
  Object.entries(annotations)
    .filter(([key]) => key.startsWith(APPARMOR_CONTAINER))
    .flatMap(([key, profile]) => {
      const name = key.slice(APPARMOR_CONTAINER.length);
      const known = visitContainers(spec, '').some(({ container }) => container.name === name);
      const valid = ['', 'runtime/default', 'unconfined'].includes(profile) || profile.startsWith(LOCALHOST);
      return [
        ...(known ? [] : [fieldError.invalid(`${path}[${key}]`, name, 'container not found')]),
        ...(valid
          ? []
          : [
              fieldError.invalid(
                `${path}[${key}]`,
                profile,
                `invalid AppArmor profile name: ${JSON.stringify(profile)}`,
              ),
            ]),
      ];
    });

interface Profile {
  type?: string;
  localhostProfile?: string;
}

/** Where both name a profile, they name the same. */
export function validateProfilesAgree(annotations: Annotations = {}, spec: PodSpec, path: string): FieldError[] {
  const own = spec.securityContext?.seccompProfile;
  const containers = visitContainers(spec, path);
  return [
    ...disagreement(annotations[SECCOMP_POD], own, `${path}.securityContext.seccompProfile`, 'seccomp'),
    ...containers.flatMap(({ container: { name, securityContext }, at }) =>
      disagreement(
        annotations[`${SECCOMP_CONTAINER}${name}`],
        securityContext?.seccompProfile,
        `${at}.securityContext.seccompProfile`,
        'seccomp',
      ),
    ),
    ...(spec.os?.name === 'windows'
      ? []
      : containers.flatMap(({ container: { name, securityContext }, at }) =>
          disagreement(
            annotations[`${APPARMOR_CONTAINER}${name}`],
            securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile,
            `${at}.securityContext.appArmorProfile`,
            'apparmor',
          ),
        )),
  ];
}

function disagreement(
  annotation: string | undefined,
  profile: Profile | undefined,
  path: string,
  what: 'seccomp' | 'apparmor',
): FieldError[] {
  if (annotation === undefined || !profile) return [];
  const differs = (field: string, noun: string) => [
    fieldError.forbidden(`${path}.${field}`, `${what} ${noun} in annotation and field must match`),
  ];
  const defaults = what === 'seccomp' ? ['runtime/default', 'docker/default'] : ['runtime/default'];
  switch (profile.type) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : differs('type', 'type');
    case 'RuntimeDefault':
      return defaults.includes(annotation) ? [] : differs('type', 'type');
    case 'Localhost':
      if (!annotation.startsWith(LOCALHOST)) return differs('type', 'type');
      return annotation.slice(LOCALHOST.length) === profile.localhostProfile
        ? []
        : differs('localhostProfile', 'profile');
    default:
      return [];
  }
}

/** Once a Pod exists, these stay as they are. */
export function validatePodAnnotationUpdate(
  now: Annotations = {},
  before: Annotations = {},
  path: string,
): FieldError[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => {
    if (now[key] === before[key]) return [];
    const kind = key.startsWith(APPARMOR_CONTAINER)
      ? 'AppArmor annotations'
      : key === MIRROR
        ? 'mirror pod annotation'
        : '';
    if (!kind) return [];
    return [fieldError.forbidden(`${path}[${key}]`, `may not ${key in before ? 'remove or update' : 'add'} ${kind}`)];
  });
}
