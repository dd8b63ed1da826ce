// Configurations of webhooks (pkg/apis/admissionregistration/validation).
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1035Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { MutatingWebhook, ValidatingWebhook } from '../types/admissionregistration/v1.ts';
import { fullyQualifiedName } from '../validation/domain.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { duplicates, invalidEach, oneOf } from '../validation/rules.ts';
import { clientConfigErrors } from './client-config.ts';
import { conditionErrors, FAILURE_POLICIES, MATCH_POLICIES, REINVOCATIONS, ruleErrors } from './rules.ts';

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const MAX_TIMEOUT_SECONDS = 30;

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

function webhookErrors(hook: Webhook, path: string): FieldError[] {
  const { failurePolicy, matchPolicy, timeoutSeconds, reinvocationPolicy, rules = [], matchConditions = [] } = hook;
  const errors = fullyQualifiedName(hook.name ?? '', `${path}.name`);
  errors.push(...rules.flatMap((rule, i) => ruleErrors(rule, `${path}.rules[${i}]`)));
  errors.push(...oneOf(failurePolicy, FAILURE_POLICIES, `${path}.failurePolicy`));
  errors.push(...oneOf(matchPolicy, MATCH_POLICIES, `${path}.matchPolicy`));
  errors.push(...sideEffectErrors(hook.sideEffects, `${path}.sideEffects`));
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_SECONDS)) {
    const text = `the timeout value must be between 1 and ${MAX_TIMEOUT_SECONDS} seconds`;
    errors.push(fieldError.invalid(`${path}.timeoutSeconds`, timeoutSeconds, text));
  }
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    errors.push(...validateLabelSelector(hook[field] as LabelSelector | undefined, `${path}.${field}`));
  }
  if (reinvocationPolicy !== undefined) {
    errors.push(...oneOf(reinvocationPolicy, REINVOCATIONS, `${path}.reinvocationPolicy`));
  }
  errors.push(...clientConfigErrors(hook.clientConfig ?? {}, `${path}.clientConfig`));
  errors.push(...conditionErrors(matchConditions, `${path}.matchConditions`, { hasParams: false }));
  return [...errors, ...reviewVersionErrors(hook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`)];
}

/** Whether missing or null: the field is a pointer that is written when it is not there. */
const sideEffectErrors = (effects: string | null | undefined, path: string): FieldError[] =>
  typeof effects === 'string'
    ? oneOf(effects, SIDE_EFFECTS, path)
    : [fieldError.required(path, `must specify one of ${SIDE_EFFECTS.join(', ')}`)];

function reviewVersionErrors(versions: readonly string[], path: string): FieldError[] {
  const known = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) return [fieldError.required(path, `must specify one of ${known}`)];
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [fieldError.invalid(`${path}[${i}]`, version, 'duplicate version')]
      : invalidEach(`${path}[${i}]`, version, isDNS1035Label(version)),
  );
  if (versions.some((version) => REVIEW_VERSIONS.includes(version))) return errors;
  return [...errors, fieldError.invalid(path, versions, `must include at least one of ${known}`)];
}

export const webhookConfigurations: Behaviour = {
  validate(object: AnyObject) {
    const hooks = (object.webhooks ?? []) as Webhook[];
    return [
      ...hooks.flatMap((hook, i) => webhookErrors(hook, `webhooks[${i}]`)),
      ...duplicates(
        hooks,
        ({ name }) => name,
        (i, name) => fieldError.duplicate(`webhooks[${i}].name`, name),
      ),
    ];
  },
};
