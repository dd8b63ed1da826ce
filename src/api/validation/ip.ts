// Addresses that traffic may be sent to (pkg/apis/core/validation ValidateEndpointIP and what is like it).
import { isIP } from 'node:net';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

export const NOT_AN_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

const LEADING_ZEROS = /\b0+(?=\d)/g;
const MAPPED = /^::ffff:\d+\.\d+\.\d+\.\d+$/i;

/** An address as fields older than strict checks take it: any spelling, but no IPv4 within IPv6, and no zone. */
export const validIp = (address: string, path: string): FieldError[] => {
  if (isIP(address.replace(LEADING_ZEROS, '')) === 4 && isIP(address) === 0) {
    return [fieldError.invalid(path, address, 'must not have leading 0s')];
  }
  if (isIP(address) === 0 || address.includes('%')) return [fieldError.invalid(path, address, NOT_AN_IP)];
  return MAPPED.test(address) ? [fieldError.invalid(path, address, 'must not be an IPv4-mapped IPv6 address')] : [];
};

/** Undefined where it is no address. */
export function canonicalIp(address: string): string | undefined {
  switch (isIP(address)) {
    case 4:
      return address;
    case 6:
      return new URL(`http://[${address}]`).hostname.slice(1, -1);
    default:
      return undefined;
  }
}

const NOT_A_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** A range as fields older than strict checks take it, its host bits clear. */
export function validCidr(range: string, path: string): FieldError[] {
  const [, address = '', length = ''] = /^([^/]*)\/(0|[1-9]\d*)$/.exec(range) ?? [];
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || Number(length) > (family === 4 ? 32 : 128)) return [fieldError.invalid(path, range, NOT_A_CIDR)];
  if (MAPPED.test(address)) return [fieldError.invalid(path, range, 'must not have an IPv4-mapped IPv6 address')];
  return hasHostBits(address, Number(length))
    ? [fieldError.invalid(path, range, 'must not have bits set beyond the prefix length')]
    : [];
}

function hasHostBits(address: string, length: number): boolean {
  const bytes = bytesOf(address);
  return bytes.some((byte, i) => (byte & ~(0xff << Math.max(0, Math.min(8, 8 - (length - i * 8)))) & 0xff) !== 0);
}

/** Of a well-formed address. */
function bytesOf(address: string): number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  const [head = '', tail] = (canonicalIp(address) ?? '').split('::');
  const groups = (text: string | undefined) => (text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const before = groups(head);
  const after = groups(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

/** Traffic to these would go to the wrong machine, or to none. */
const UNUSABLE: readonly [pattern: RegExp, problem: string][] = [
  [/^(0\.0\.0\.0|::)$/, 'may not be unspecified (0.0.0.0 or ::)'],
  [/^(127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^(169\.254\.|fe[89ab])/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^(224\.0\.0\.|ff02)/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

export const unusableIp = (address: string, path: string): FieldError[] =>
  UNUSABLE.filter(([pattern]) => pattern.test(address)).map(([, text]) => fieldError.invalid(path, address, text));

export const endpointIp = (address: string, path: string): FieldError[] =>
  isIP(address) === 0 ? [fieldError.invalid(path, address, NOT_AN_IP)] : unusableIp(address, path);
