// IP addresses and blocks in fields (k8s.io/apimachinery pkg/util/validation/ip.go). Go once read octets with leading
// zeros, and still takes IPv4 written as IPv6; both are told apart from nonsense, and refused.
import { isIP } from 'node:net';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { NOT_AN_IP } from './ip.ts';
import { invalidEach } from './rules.ts';

export const NOT_A_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export interface Address {
  family: 4 | 6;
  /** As a number of 32 or 128 bits. */
  bits: bigint;
  /** IPv4 within IPv6. */
  mapped: boolean;
  leadingZeros: boolean;
  /** As Go prints it. */
  canonical: string;
}

export interface Block extends Address {
  prefix: number;
  /** Whether bits beyond the prefix are set. */
  ragged: boolean;
}

const WIDTH = { 4: 32, 6: 128 } as const;
const MAPPED = 0xffffn;

/** undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) return parseIPv4(text);
  return isIP(text) === 6 && !text.includes('%') ? parseIPv6(text) : undefined;
}

function parseIPv4(text: string): Address | undefined {
  const octets = text.split('.').map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  const bits = octets.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return { family: 4, bits, mapped: false, leadingZeros: /(^|\.)0\d/.test(text), canonical: octets.join('.') };
}

function parseIPv6(text: string): Address {
  const short = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [head = '', tail] = short.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)];
  const bits = all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
  const mapped = bits >> 32n === MAPPED;
  return { family: 6, bits, mapped, leadingZeros: false, canonical: mapped ? dotted(bits) : short };
}

const dotted = (bits: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');

/** undefined for what is no block. */
export function parseBlock(text: string): Block | undefined {
  const [ip = '', length = '', ...more] = text.split('/');
  const address = parseAddress(ip);
  const prefix = Number(length);
  if (!address || more.length > 0 || !/^\d+$/.test(length) || prefix > WIDTH[address.family]) return undefined;
  const host = BigInt(WIDTH[address.family] - prefix);
  const ragged = address.bits !== (address.bits >> host) << host;
  return { ...address, prefix, ragged, leadingZeros: address.leadingZeros || /^0\d/.test(length) };
}

/** Whether `inner` lies in `outer` and is smaller. */
export function isWithin(inner: Block, outer: Block): boolean {
  if (inner.family !== outer.family || inner.prefix <= outer.prefix) return false;
  const host = BigInt(WIDTH[outer.family] - outer.prefix);
  return inner.bits >> host === outer.bits >> host;
}

/** The form that fields older than strict reading may have: any spelling of one address. */
export const legacyIp = (text: string, path: string): FieldError[] => invalidEach(path, text, legacyProblems(text));
export const strictIp = (text: string, path: string): FieldError[] => invalidEach(path, text, ipProblems(text));

function legacyProblems(text: string): string[] {
  const address = parseAddress(text);
  if (!address) return [NOT_AN_IP];
  return [
    ...(address.leadingZeros ? ['must not have leading 0s'] : []),
    ...(address.mapped ? ['must not be an IPv4-mapped IPv6 address'] : []),
  ];
}

/** What keeps `text` from being the one spelling of an address. */
export function ipProblems(text: string): string[] {
  const problems = legacyProblems(text);
  const canonical = parseAddress(text)?.canonical;
  if (problems.length > 0 || canonical === text) return problems;
  return [`must be in canonical form (${JSON.stringify(canonical)})`];
}

export function legacyCidr(text: string, path: string): FieldError[] {
  const block = parseBlock(text);
  const invalid = (problem: string) => [fieldError.invalid(path, text, problem)];
  if (!block) return invalid(NOT_A_CIDR);
  if (block.leadingZeros) return invalid('must not have leading 0s in IP or prefix length');
  if (block.mapped) return invalid('must not have an IPv4-mapped IPv6 address');
  return block.ragged ? invalid('must not have bits set beyond the prefix length') : [];
}

export function strictCidr(text: string, path: string): FieldError[] {
  const errors = legacyCidr(text, path);
  if (errors.length > 0) return errors;
  const canonical = `${parseBlock(text)?.canonical}/${parseBlock(text)?.prefix}`;
  if (canonical === text) return [];
  return [fieldError.invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** An address with the length of its network, as interfaces have it. */
export function interfaceAddress(text: string, path: string): FieldError[] {
  const block = parseBlock(text);
  if (!block) {
    const problem = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)';
    return [fieldError.invalid(path, text, problem)];
  }
  const prefix = block.mapped ? block.prefix - (WIDTH[6] - WIDTH[4]) : block.prefix;
  const canonical = `${block.canonical}/${prefix}`;
  if (canonical === text) return [];
  return [fieldError.invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** Warns of an address that can be written better. */
export function ipWarnings(text: string, path: string): string[] {
  const address = parseAddress(text);
  if (!address || address.canonical === text) return [];
  const canonical = JSON.stringify(address.canonical);
  if (address.leadingZeros || address.mapped) {
    return [`${path}: non-standard IP address ${JSON.stringify(text)} is invalid: use ${canonical}`];
  }
  return [`${path}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${canonical})`];
}

/** As Go prints the block without the bits beyond its prefix. */
function network({ family, bits, mapped, prefix }: Block): string {
  const host = BigInt(WIDTH[family] - prefix);
  const masked = (bits >> host) << host;
  if (family === 4 || mapped) return `${dotted(masked)}/${mapped ? prefix - (WIDTH[6] - WIDTH[4]) : prefix}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((masked >> BigInt(16 * (7 - i))) & 0xffffn).toString(16));
  return `${parseIPv6(groups.join(':')).canonical}/${prefix}`;
}

/** Warns of a block that can be written better, or that may mean an address. */
export function cidrWarnings(text: string, path: string): string[] {
  const block = parseBlock(text);
  if (!block) return [];
  const shown = JSON.stringify(text);
  const warnings: string[] = [];
  if (block.ragged) {
    const single = `${block.canonical}/${WIDTH[block.family]}`;
    const which = `${JSON.stringify(network(block))} or ${JSON.stringify(single)}`;
    warnings.push(`${path}: CIDR value ${shown} is ambiguous in this context (should be ${which}?)`);
  }
  if (block.leadingZeros || block.mapped) {
    warnings.push(`${path}: non-standard CIDR value ${shown} is invalid: use ${JSON.stringify(network(block))}`);
  }
  const canonical = `${block.canonical}/${block.prefix}`;
  if (warnings.length > 0 || canonical === text) return warnings;
  return [`${path}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
}
