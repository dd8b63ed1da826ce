// Names under a domain (k8s.io/apimachinery pkg/util/validation IsDomainPrefixedPath, IsFullyQualifiedName).
import { isDNS1123Label, isDNS1123Subdomain, regexError } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { invalidEach } from './rules.ts';

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** acme.io/foo/bar */
export function domainPrefixedPath(text: string, path: string): FieldError[] {
  if (!text) return [fieldError.required(path)];
  const slash = text.indexOf('/');
  const host = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  if (slash < 1 || !rest) {
    return [fieldError.invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors = invalidEach(path, host, isDNS1123Subdomain(host));
  if (new RegExp(`^${HTTP_PATH}$`).test(rest)) return errors;
  return [...errors, fieldError.invalid(path, rest, regexError('Invalid path', HTTP_PATH))];
}

/** A domain of at least three segments, as webhooks are named. */
export function fullyQualifiedName(name: string, path: string): FieldError[] {
  if (!name) return [fieldError.required(path)];
  const problems = isDNS1123Subdomain(name);
  if (problems.length > 0) return [fieldError.invalid(path, name, problems.join(','))];
  if (name.split('.').length >= 3) return [];
  return [fieldError.invalid(path, name, 'should be a domain with at least three segments separated by dots')];
}

/** A domain of at least two labels; a dot may end it. */
export function fullyQualifiedDomain(name: string, path: string): FieldError[] {
  if (!name) return [fieldError.required(path)];
  const bare = name.replace(/\.$/, '');
  const problems = isDNS1123Subdomain(bare);
  if (problems.length > 0) return [fieldError.invalid(path, bare, problems.join(','))];
  const labels = bare.split('.');
  if (labels.length < 2) {
    return [fieldError.invalid(path, bare, 'should be a domain with at least two segments separated by dots')];
  }
  const wrong = labels.map((label) => ({ label, problems: isDNS1123Label(label) })).find((l) => l.problems.length > 0);
  return wrong ? [fieldError.invalid(path, wrong.label, wrong.problems.join(','))] : [];
}
