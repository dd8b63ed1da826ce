// What a name, a label key or a label value may be. Each check returns what is wrong with the value, in the words
// of k8s.io/apimachinery v0.36 (pkg/util/validation, pkg/api/validate/content); an empty list means it is fine.
import { remembered } from './remembered.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const ENV_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const PERCENT = '[0-9]+%';
const HEADER_NAME = '[-A-Za-z0-9]+';

const RULES = {
  label: {
    format: LABEL,
    words:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    examples: ['my-name', '123-abc'],
  },
  subdomain: {
    format: SUBDOMAIN,
    words:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    examples: ['example.com'],
  },
  subdomainUnderscore: {
    format: SUBDOMAIN_UNDERSCORE,
    words:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
    examples: ['example.com'],
  },
  label1035: {
    format: LABEL_1035,
    words:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    examples: ['my-name', 'abc-123'],
  },
  wildcard: {
    format: WILDCARD,
    words:
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    examples: ['*.example.com'],
  },
  qualified: {
    format: QUALIFIED,
    words:
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    examples: ['MyName', 'my.name', '123-abc'],
  },
  labelValue: {
    format: LABEL_VALUE,
    words:
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    examples: ['MyValue', 'my_value', '12345'],
  },
  cIdentifier: {
    format: C_IDENTIFIER,
    words:
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    examples: ['my_name', 'MY_NAME', 'MyName'],
  },
  envName: {
    format: ENV_NAME,
    words:
      "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
    examples: ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'],
  },
  configKey: {
    format: CONFIG_KEY,
    words: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    examples: ['key.name', 'KEY_NAME', 'key-name'],
  },
  percent: {
    format: PERCENT,
    words: "a valid percent string must be a numeric string followed by an ending '%'",
    examples: ['1%', '93%'],
  },
  headerName: {
    format: HEADER_NAME,
    words: "a valid HTTP header must consist of alphanumeric characters or '-'",
    examples: ['X-Header-Name'],
  },
} as const;

type Rule = (typeof RULES)[keyof typeof RULES];

const PATTERNS = new Map<Rule, RegExp>(Object.values(RULES).map((rule) => [rule, new RegExp(`^(?:${rule.format})$`)]));

const fits = (rule: Rule, value: string): boolean => (PATTERNS.get(rule) as RegExp).test(value);
const told = (rule: Rule): string => regexError(rule.words, rule.format, rule.examples);
const check = (rule: Rule, value: string): string[] => (fits(rule, value) ? [] : [told(rule)]);

/** Go's len(): lengths are limited in bytes of UTF-8. */
const bytes = (value: string): number => Buffer.byteLength(value);

const within = (value: string, max: number, unit: 'characters' | 'bytes'): string[] =>
  bytes(value) > max ? [`must be no more than ${max} ${unit}`] : [];

/** The sentence that names a regular expression and values that fit it. */
export function regexError(words: string, format: string, examples: readonly string[] = []): string {
  if (examples.length === 0) return `${words} (regex used for validation is '${format}')`;
  return `${words} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${format}')`;
}

export const inclusiveRangeError = (min: number, max: number): string => `must be between ${min} and ${max}, inclusive`;

export function isDNS1123Label(value: string): string[] {
  const long = within(value, 63, 'characters');
  if (fits(RULES.label, value)) return long;
  return [...long, fits(RULES.subdomain, value) ? 'must not contain dots' : told(RULES.label)];
}

export const isDNS1123Subdomain = (value: string): string[] => [
  ...within(value, 253, 'characters'),
  ...check(RULES.subdomain, value),
];

export const isDNS1123SubdomainWithUnderscore = (value: string): string[] => [
  ...within(value, 253, 'characters'),
  ...check(RULES.subdomainUnderscore, value),
];

export const isDNS1035Label = (value: string): string[] => [
  ...within(value, 63, 'characters'),
  ...check(RULES.label1035, value),
];

export const isWildcardDNS1123Subdomain = (value: string): string[] => [
  ...within(value, 253, 'characters'),
  ...check(RULES.wildcard, value),
];

/** A label key: an optional DNS prefix and a name. Also what upstream calls IsLabelKey. */
export const isQualifiedName = remembered((value): readonly string[] => {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${told(RULES.qualified)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) as string;
  const prefix = parts.length === 2 ? (parts[0] as string) : undefined;
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    const found = [...within(prefix, 253, 'bytes'), ...check(RULES.subdomain, prefix)];
    problems.push(...found.map((m) => `prefix part ${m}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else problems.push(...within(name, 63, 'bytes').map((m) => `name part ${m}`));
  return [...problems, ...check(RULES.qualified, name).map((m) => `name part ${m}`)];
});

export const isValidLabelValue = (value: string): string[] => [
  ...within(value, 63, 'bytes'),
  ...check(RULES.labelValue, value),
];

export const isCIdentifier = (value: string): string[] => check(RULES.cIdentifier, value);
export const isHTTPHeaderName = (value: string): string[] => check(RULES.headerName, value);
export const isValidPercent = (value: string): string[] => check(RULES.percent, value);

function changesDirectory(value: string): string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? [`must not start with '..'`] : [];
}

export const isEnvVarName = (value: string): string[] => [...check(RULES.envName, value), ...changesDirectory(value)];

/** What a container's environment may use since 1.34: any printable ASCII but '='. */
export function isRelaxedEnvVarName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  return /^[\x20-\x3c\x3e-\x7e]*$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export const isConfigMapKey = (value: string): string[] => [
  ...within(value, 253, 'characters'),
  ...check(RULES.configKey, value),
  ...changesDirectory(value),
];

export const isInRange = (value: number, min: number, max: number): string[] =>
  value >= min && value <= max ? [] : [inclusiveRangeError(min, max)];

export const isValidPortNum = (port: number): string[] => isInRange(port, 1, 65535);

/** An IANA_SVC_NAME: at most 15 characters, at least one letter. */
export function isValidPortName(name: string): string[] {
  const problems = within(name, 15, 'characters');
  if (!/^[-a-z0-9]+$/.test(name)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** What a prefix of a path segment may not have. */
export const isPathSegmentPrefix = (name: string): string[] =>
  ['/', '%'].filter((bad) => name.includes(bad)).map((bad) => `may not contain '${bad}'`);

/** Names that only need to be one segment of a URL (RBAC roles, for one). */
export const isPathSegmentName = (name: string): string[] =>
  name === '.' || name === '..' ? [`may not be '${name}'`] : isPathSegmentPrefix(name);

/** A generateName may end in a dash, because something follows it. Upstream drops a character too; kept, as names' lengths show it. */
const maskTrailingDash = (name: string): string =>
  name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;

type NameRule = (name: string, prefix: boolean) => string[];
const nameRule =
  (rule: (value: string) => string[]): NameRule =>
  (name, prefix) =>
    rule(prefix ? maskTrailingDash(name) : name);

/** Rules for metadata.name, as ResourceDefinition.validateName wants them. */
export const nameIsDNSSubdomain: NameRule = nameRule(isDNS1123Subdomain);
export const nameIsDNSLabel: NameRule = nameRule(isDNS1123Label);
export const nameIsDNS1035Label: NameRule = nameRule(isDNS1035Label);
export const nameIsPathSegment: NameRule = (name, prefix) =>
  prefix ? isPathSegmentPrefix(name) : isPathSegmentName(name);
