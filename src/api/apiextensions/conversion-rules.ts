// How a CustomResourceDefinition's versions become one another: by name only, or through a webhook.
import { isDNS1035Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { clientConfigErrors } from '../admissionregistration/client-config.ts';
import type { CustomResourceConversion } from '../types/apiextensions/v1.ts';
import { invalidEach, requiredOneOf } from '../validation/rules.ts';

const PATH = 'spec.conversion';
const REVIEWS = ['v1', 'v1beta1'];

export function conversionErrors(
  conversion: CustomResourceConversion | undefined,
  old: CustomResourceConversion | undefined,
): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const known = requiredOneOf(strategy, ['None', 'Webhook'], `${PATH}.strategy`);
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy === 'Webhook') {
    const config = webhook?.clientConfig;
    return [
      ...known,
      ...(config
        ? clientConfigErrors(config, `${PATH}.webhookClientConfig`)
        : [fieldError.required(`${PATH}.webhookClientConfig`, 'required when strategy is set to Webhook')]),
      ...reviewVersionErrors(versions, old?.webhook?.conversionReviewVersions),
    ];
  }
  const text = 'should not be set when strategy is not set to Webhook';
  return [
    ...known,
    ...(webhook?.clientConfig ? [fieldError.forbidden(`${PATH}.webhookClientConfig`, text)] : []),
    ...(versions.length > 0 ? [fieldError.forbidden(`${PATH}.conversionReviewVersions`, text)] : []),
  ];
}

function reviewVersionErrors(versions: readonly string[], old: readonly string[] | undefined): FieldError[] {
  const path = `${PATH}.conversionReviewVersions`;
  if (versions.length === 0) return [fieldError.required(path)];
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [fieldError.invalid(`${path}[${i}]`, version, 'duplicate version')]
      : invalidEach(`${path}[${i}]`, version, isDNS1035Label(version)),
  );
  const recognised = (list: readonly string[]) => list.some((version) => REVIEWS.includes(version));
  const excused = old !== undefined && old.length > 0 && !recognised(old);
  if (!excused && !recognised(versions)) {
    errors.push(fieldError.invalid(path, versions, `must include at least one of ${REVIEWS.join(', ')}`));
  }
  return errors;
}
