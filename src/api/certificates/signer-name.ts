// Names of signers: a domain and a path (pkg/apis/core/validation ValidateSignerName).
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

const MAX_DOMAIN = 253;
const MAX_NAME = MAX_DOMAIN + 1 + MAX_DOMAIN + 1 + 63;

export function signerNameErrors(name: string, path: string): FieldError[] {
  if (!name) return [fieldError.required(path)];
  const [domain = '', rest, ...more] = name.split('/');
  const invalid = (value: string, text: string) => fieldError.invalid(path, value, text);
  if (rest === undefined || more.length > 0) {
    return [invalid(name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const labels = domain.split('.');
  return [
    ...(domain.length > MAX_DOMAIN ? [fieldError.tooLong(path, MAX_DOMAIN)] : []),
    ...firstWrong(labels, isDNS1123Label).map((text) => invalid(domain, text)),
    ...(labels.length < 2 ? [invalid(domain, 'should be a domain with at least two segments separated by dots')] : []),
    ...firstWrong(rest.split('.'), isDNS1123Subdomain).map((text) => invalid(rest, text)),
    ...(name.length > MAX_NAME ? [fieldError.tooLong(path, MAX_NAME)] : []),
  ];
}

/** The problems of the first label that has any. */
function firstWrong(labels: readonly string[], rule: (label: string) => string[]): string[] {
  for (const label of labels) {
    const problems = rule(label);
    if (problems.length > 0) return problems.map((text) => `validating label ${JSON.stringify(label)}: ${text}`);
  }
  return [];
}
