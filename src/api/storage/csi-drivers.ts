// CSIDrivers: how Pods get a driver's volumes (pkg/apis/storage/validation, pkg/registry/storage/csidriver).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { CSIDriverSpec, TokenRequest } from '../types/storage/v1.ts';
import { immutable } from '../validation/change.ts';
import { oneOf } from '../validation/rules.ts';

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLES = ['Persistent', 'Ephemeral'];
const MIN_UPDATE_SECONDS = 10;
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

const TOKENS_IN_CONTEXT =
  'spec.serviceAccountTokenInSecrets is not set; when spec.tokenRequests is configured, it is recommended to set it to true so that tokens are passed in the secrets field instead of the volume context';

const specOf = (object: AnyObject): CSIDriverSpec => (object.spec ?? {}) as CSIDriverSpec;

function validate(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  const { nodeAllocatableUpdatePeriodSeconds: period, tokenRequests = [], serviceAccountTokenInSecrets } = spec;
  const errors =
    spec.fsGroupPolicy === undefined ? [] : oneOf(spec.fsGroupPolicy, GROUP_POLICIES, 'spec.fsGroupPolicy');
  errors.push(...tokenErrors(tokenRequests, 'spec.tokenRequests'));
  for (const mode of spec.volumeLifecycleModes ?? []) {
    errors.push(...oneOf(mode, LIFECYCLES, 'spec.volumeLifecycleModes'));
  }
  if (period !== undefined && period < MIN_UPDATE_SECONDS) {
    const text = `must be greater than or equal to ${MIN_UPDATE_SECONDS} seconds`;
    errors.push(fieldError.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, text));
  }
  if (serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0) {
    const text = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
    errors.push(fieldError.invalid('spec.serviceAccountTokenInSecrets', serviceAccountTokenInSecrets, text));
  }
  return errors;
}

function tokenErrors(requests: readonly TokenRequest[], path: string): FieldError[] {
  const audiences = new Set<string>();
  return requests.flatMap(({ audience = '', expirationSeconds: seconds }, i) => {
    if (audiences.has(audience)) return [fieldError.duplicate(`${path}[${i}].audience`, audience)];
    audiences.add(audience);
    if (seconds === undefined) return [];
    const invalid = (text: string) => [fieldError.invalid(`${path}[${i}].expirationSeconds`, seconds, text)];
    if (seconds < MIN_TOKEN_SECONDS) return invalid('may not specify a duration less than 10 minutes');
    return seconds > MAX_TOKEN_SECONDS ? invalid('may not specify a duration larger than 2^32 seconds') : [];
  });
}

/** Behind the gate VolumeLimitScaling, which is off. */
function dropGated(object: AnyObject): void {
  if (object.spec) delete specOf(object).preventPodSchedulingIfMissing;
}

export const csiDrivers: Behaviour = {
  prepareForCreate: dropGated,
  prepareForUpdate(object, old) {
    if (specOf(old).preventPodSchedulingIfMissing === undefined) dropGated(object);
    if (isDeepStrictEqual(object.spec, old.spec)) return;
    // The first change is the first generation: a create counts none.
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate,
  validateUpdate: (object, old) => [
    ...immutable(specOf(object).attachRequired, specOf(old).attachRequired, 'spec.attachedRequired'),
    ...immutable(specOf(object).volumeLifecycleModes, specOf(old).volumeLifecycleModes, 'spec.volumeLifecycleModes'),
  ],
  warnings(object, old) {
    const { tokenRequests, serviceAccountTokenInSecrets } = specOf(object);
    if (!tokenRequests?.length || serviceAccountTokenInSecrets !== undefined) return [];
    return old && isDeepStrictEqual(tokenRequests, specOf(old).tokenRequests) ? [] : [TOKENS_IN_CONTEXT];
  },
};
