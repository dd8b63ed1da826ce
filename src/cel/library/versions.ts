// Semantic versions (k8s.io/apiserver pkg/cel/library/semverlib.go, github.com/blang/semver v4).
import { failure, type Opaque, type Value } from '../values.ts';
import type { Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

interface Version {
  numbers: readonly [bigint, bigint, bigint];
  /** Parts of what stands before a release: numbers come before words. */
  before: readonly (bigint | string)[];
}

const versions = opaqueKind<Version>('semver', { same: (a, b) => compareVersions(a, b) === 0 });

class VersionError extends Error {}

function readNumber(text: string, which: string): bigint {
  if (!/^\d+$/.test(text))
    throw new VersionError(`Invalid character(s) found in ${which} number ${JSON.stringify(text)}`);
  if (/^0\d/.test(text)) {
    const name = `${which[0]?.toUpperCase()}${which.slice(1)}`;
    throw new VersionError(`${name} number must not contain leading zeroes ${JSON.stringify(text)}`);
  }
  if (text.length > 20 || BigInt(text) >= 2n ** 64n) {
    throw new VersionError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return BigInt(text);
}

function readBefore(text: string): bigint | string {
  const refuse = (why: string) => new VersionError(why);
  if (text === '') throw refuse('Prerelease is empty');
  if (/^0\d+$/.test(text)) {
    throw refuse(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(text)}`);
  }
  if (/^\d+$/.test(text)) return BigInt(text.slice(0, 1000));
  if (!/^[0-9A-Za-z-]+$/.test(text)) throw refuse(`Invalid character(s) found in prerelease ${JSON.stringify(text)}`);
  return text;
}

function readVersion(text: string): Version {
  if (text === '') throw new VersionError('Version string empty');
  const [major, minor, ...rest] = text.split('.');
  if (major === undefined || minor === undefined || rest.length === 0) {
    throw new VersionError('No Major.Minor.Patch elements found');
  }
  const [release = '', ...build] = rest.join('.').split('+');
  const dash = release.indexOf('-');
  const patch = dash < 0 ? release : release.slice(0, dash);
  const numbers = [readNumber(major, 'major'), readNumber(minor, 'minor'), readNumber(patch, 'patch')] as const;
  const before =
    dash < 0
      ? []
      : release
          .slice(dash + 1)
          .split('.')
          .map(readBefore);
  if (build.length > 0) {
    for (const part of build.join('+').split('.')) {
      if (part === '') throw new VersionError('Build meta data is empty');
      if (!/^[0-9A-Za-z-]+$/.test(part)) {
        throw new VersionError(`Invalid character(s) found in build meta data ${JSON.stringify(part)}`);
      }
    }
  }
  return { numbers, before };
}

/** v1.2 is 1.2.0, 01.2 too. */
function normalised(text: string): string {
  const [first = '', second, ...others] = text.replace(/^v/, '').split('.');
  const parts = [first, ...(second === undefined ? [] : [second]), ...(others.length > 0 ? [others.join('.')] : [])];
  const plain = parts.map((part) => {
    if (part.length < 2) return part;
    const rest = part.replace(/^0+/, '');
    return /^\d/.test(rest) ? rest : `0${rest}`;
  });
  if (plain.length < 3 && /[+-]/.test(plain.at(-1) ?? '')) {
    throw new VersionError('short version cannot contain PreRelease/Build meta data');
  }
  while (plain.length < 3) plain.push('0');
  return plain.join('.');
}

const compareParts = (a: bigint | string, b: bigint | string): number => {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'bigint' ? -1 : 1;
};

function compareVersions(a: Version, b: Version): number {
  for (const [i, number] of a.numbers.entries()) {
    const order = compareParts(number, b.numbers[i] as bigint);
    if (order !== 0) return order;
  }
  if (a.before.length === 0 || b.before.length === 0) {
    return Number(b.before.length > 0) - Number(a.before.length > 0);
  }
  for (const [i, part] of a.before.entries()) {
    const other = b.before[i];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return a.before.length < b.before.length ? -1 : 0;
}

function parse(text: string, normalise = false): Value {
  try {
    return versions.of(readVersion(normalise ? normalised(text) : text));
  } catch (error) {
    if (!(error instanceof VersionError)) throw error;
    return failure(error.message);
  }
}

const isVersion = (text: string, normalise = false): boolean =>
  (parse(text, normalise) as { tag: string }).tag === 'opaque';
const compare = (a: Opaque, b: Opaque): number => compareVersions(versions.read(a), versions.read(b));
const number = (index: 0 | 1 | 2) => (a: Opaque) => BigInt.asIntN(64, versions.read(a).numbers[index]);

export const semanticVersions: Library = {
  declare: [
    'semver string_to_semver (string) -> semver',
    'semver string_bool_to_semver (string, bool) -> semver',
    'isSemver is_semver_string (string) -> bool',
    'isSemver is_semver_string_bool (string, bool) -> bool',
    'isGreaterThan semver_is_greater_than semver.(semver) -> bool',
    'isLessThan semver_is_less_than semver.(semver) -> bool',
    'compareTo semver_compare_to semver.(semver) -> int',
    'major semver_major semver.() -> int',
    'minor semver_minor semver.() -> int',
    'patch semver_patch semver.() -> int',
  ],
  implement: {
    string_to_semver: parse,
    string_bool_to_semver: parse,
    is_semver_string: isVersion,
    is_semver_string_bool: isVersion,
    semver_is_greater_than: (a: Opaque, b: Opaque) => compare(a, b) > 0,
    semver_is_less_than: (a: Opaque, b: Opaque) => compare(a, b) < 0,
    semver_compare_to: (a: Opaque, b: Opaque) => BigInt(compare(a, b)),
    semver_major: number(0),
    semver_minor: number(1),
    semver_patch: number(2),
  },
};
