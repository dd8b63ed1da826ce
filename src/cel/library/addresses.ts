// IP addresses and ranges of them (k8s.io/apiserver pkg/cel/library/ip.go, cidr.go). As in Go's net/netip there are
// no leading zeros, and of IPv4 written as IPv6 there is nothing.
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Failure, failure, isFailure, type Opaque, type Value } from '../values.ts';
import type { Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

type Bytes = readonly number[];
interface Range {
  bytes: Bytes;
  bits: number;
}

const sameBytes = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

const addresses = opaqueKind<Bytes>('ip', { same: sameBytes, sizeOf: (bytes) => bytes.length });
const ranges = opaqueKind<Range>('cidr', {
  same: (a, b) => a.bits === b.bits && sameBytes(a.bytes, b.bytes),
  sizeOf: ({ bits }) => Math.ceil(bits / 8),
});

const quoted = JSON.stringify;

function readAddress(text: string): Bytes | Failure {
  if (!isIPv4(text) && !isIPv6(text)) {
    const why = `ParseAddr(${quoted(text)}): unable to parse IP`;
    return failure(`IP Address ${quoted(text)} parse error during conversion from string: ${why}`);
  }
  if (text.includes('%')) return failure(`IP address ${quoted(text)} with zone value is not allowed`);
  const bytes = ipaddr.parse(text).toByteArray();
  return isMapped(bytes) ? failure(`IPv4-mapped IPv6 address ${quoted(text)} is not allowed`) : bytes;
}

const isMapped = (bytes: Bytes): boolean =>
  bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;

function readRange(text: string): Range | Failure {
  const bad = (why: string) =>
    failure(`network address parse error during conversion from string: netip.ParsePrefix(${quoted(text)}): ${why}`);
  const slash = text.lastIndexOf('/');
  if (slash < 0) return bad("no '/'");
  const [address, length] = [text.slice(0, slash), text.slice(slash + 1)];
  if (!isIPv4(address) && !isIPv6(address)) return bad(`ParseAddr(${quoted(address)}): unable to parse IP`);
  if (address.includes('%')) return bad('IPv6 zones cannot be present in a prefix');
  const bytes = ipaddr.parse(address).toByteArray();
  if (!/^(0|[1-9]\d*)$/.test(length)) return bad(`bad bits after slash: ${quoted(length)}`);
  const bits = Number(length);
  if (bits > bytes.length * 8) return bad(`prefix length out of range`);
  if (isMapped(bytes)) return failure(`IPv4-mapped IPv6 address ${quoted(text)} is not allowed`);
  return { bytes, bits };
}

const masked = ({ bytes, bits }: Range): Range => ({
  bytes: bytes.map((byte, i) => byte & (0xff << Math.min(Math.max(8 - (bits - i * 8), 0), 8)) & 0xff),
  bits,
});

const holds = (range: Range, bytes: Bytes): boolean =>
  range.bytes.length === bytes.length && sameBytes(masked(range).bytes, masked({ bytes, bits: range.bits }).bytes);

const addressText = (bytes: Bytes): string => {
  const address = ipaddr.fromByteArray([...bytes]);
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
};
const rangeText = ({ bytes, bits }: Range): string => `${addressText(bytes)}/${bits}`;

const made = <T extends object>(read: T | Failure, of: (value: T) => Opaque): Value =>
  isFailure(read) ? read : of(read as T);

const containsIP = (range: Opaque, address: Opaque | string): Value => {
  const bytes = typeof address === 'string' ? readAddress(address) : addresses.read(address);
  return isFailure(bytes) ? bytes : holds(ranges.read(range), bytes as Bytes);
};
const containsCIDR = (range: Opaque, other: Opaque | string): Value => {
  const inner = typeof other === 'string' ? readRange(other) : ranges.read(other);
  if (isFailure(inner)) return inner;
  const outer = ranges.read(range);
  return outer.bits <= (inner as Range).bits && holds(outer, (inner as Range).bytes);
};

const isV4 = (bytes: Bytes): boolean => bytes.length === 4;
const isAll = (bytes: Bytes, value: number): boolean => bytes.every((byte) => byte === value);
const isUnspecified = (bytes: Bytes): boolean => isAll(bytes, 0);
const isLoopback = (bytes: Bytes): boolean =>
  isV4(bytes) ? bytes[0] === 127 : isAll(bytes.slice(0, 15), 0) && bytes[15] === 1;
const isLinkLocalUnicast = (bytes: Bytes): boolean =>
  isV4(bytes) ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
const isMulticast = (bytes: Bytes): boolean => (isV4(bytes) ? ((bytes[0] ?? 0) & 0xf0) === 0xe0 : bytes[0] === 0xff);
const isLinkLocalMulticast = (bytes: Bytes): boolean =>
  isV4(bytes)
    ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
    : bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 0x02;
const isGlobalUnicast = (bytes: Bytes): boolean =>
  !(isUnspecified(bytes) || isLoopback(bytes) || isMulticast(bytes) || isLinkLocalUnicast(bytes)) &&
  !(isV4(bytes) && isAll(bytes, 0xff));

const ofAddress = (test: (bytes: Bytes) => boolean) => (address: Opaque) => test(addresses.read(address));

export const netAddresses: Library = {
  declare: [
    'ip string_to_ip (string) -> ip',
    'ip cidr_ip cidr.() -> ip',
    'isIP is_ip (string) -> bool',
    'ip.isCanonical ip_is_canonical (string) -> bool',
    'family ip_family ip.() -> int',
    'isUnspecified ip_is_unspecified ip.() -> bool',
    'isLoopback ip_is_loopback ip.() -> bool',
    'isLinkLocalMulticast ip_is_link_local_multicast ip.() -> bool',
    'isLinkLocalUnicast ip_is_link_local_unicast ip.() -> bool',
    'isGlobalUnicast ip_is_global_unicast ip.() -> bool',
    'string ip_to_string (ip) -> string',
    'cidr string_to_cidr (string) -> cidr',
    'isCIDR is_cidr (string) -> bool',
    'containsIP cidr_contains_ip_string cidr.(string) -> bool',
    'containsIP cidr_contains_ip_ip cidr.(ip) -> bool',
    'containsCIDR cidr_contains_cidr_string cidr.(string) -> bool',
    'containsCIDR cidr_contains_cidr cidr.(cidr) -> bool',
    'masked cidr_masked cidr.() -> cidr',
    'prefixLength cidr_prefix_length cidr.() -> int',
    'string cidr_to_string (cidr) -> string',
  ],
  implement: {
    string_to_ip: (text: string) => made(readAddress(text), addresses.of),
    cidr_ip: (range: Opaque) => addresses.of(ranges.read(range).bytes),
    is_ip: (text: string) => !isFailure(readAddress(text)),
    ip_is_canonical: (text: string) => {
      const bytes = readAddress(text);
      return isFailure(bytes) ? bytes : addressText(bytes as Bytes) === text;
    },
    ip_family: (address: Opaque) => (isV4(addresses.read(address)) ? 4n : 6n),
    ip_is_unspecified: ofAddress(isUnspecified),
    ip_is_loopback: ofAddress(isLoopback),
    ip_is_link_local_multicast: ofAddress(isLinkLocalMulticast),
    ip_is_link_local_unicast: ofAddress(isLinkLocalUnicast),
    ip_is_global_unicast: ofAddress(isGlobalUnicast),
    ip_to_string: (address: Opaque) => addressText(addresses.read(address)),
    string_to_cidr: (text: string) => made(readRange(text), ranges.of),
    is_cidr: (text: string) => !isFailure(readRange(text)),
    cidr_contains_ip_string: containsIP,
    cidr_contains_ip_ip: containsIP,
    cidr_contains_cidr_string: containsCIDR,
    cidr_contains_cidr: containsCIDR,
    cidr_masked: (range: Opaque) => ranges.of(masked(ranges.read(range))),
    cidr_prefix_length: (range: Opaque) => BigInt(ranges.read(range).bits),
    cidr_to_string: (range: Opaque) => rangeText(ranges.read(range)),
  },
};
