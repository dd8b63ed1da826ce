// The blocks that Services get their addresses from: which of them have an address, and which lie in which
// (pkg/api/servicecidr/servicecidr.go). Blocks and addresses are valid ones.
import type { ServiceCIDR } from '../types/networking/v1.ts';
import { isWithin, parseBlock } from '../validation/address.ts';

/** The ServiceCIDR of the range that the server was started with. */
export const DEFAULT_SERVICE_CIDR = 'kubernetes';

/** The first address of a block, and of IPv4 the last, belong to no Service. */
export function hasAddress(cidr: string, ip: string): boolean {
  const block = parseBlock(cidr);
  const address = parseBlock(`${ip}/${ip.includes(':') ? 128 : 32}`);
  if (!block || !address || !isWithin(address, block)) return false;
  const host = BigInt(address.prefix - block.prefix);
  const first = (block.bits >> host) << host;
  const last = first + (1n << host) - 1n;
  return address.bits !== first && !(address.family === 4 && address.bits === last);
}

/** Whether `inner` lies in `outer`, or is the same. */
export function covers(outer: string, inner: string): boolean {
  const [one, other] = [parseBlock(outer), parseBlock(inner)];
  if (!one || !other) return false;
  return (
    isWithin(other, one) || (one.prefix === other.prefix && one.family === other.family && one.bits === other.bits)
  );
}

export const overlap = (one: string, other: string): boolean => covers(one, other) || covers(other, one);

export const cidrsOf = ({ spec }: ServiceCIDR): readonly string[] => spec.cidrs ?? [];

/** Addresses are given out of it. Nobody has said so where no controller runs. */
export function isReady({ metadata, status }: ServiceCIDR): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return !metadata.deletionTimestamp && (ready === undefined || ready.status === 'True');
}
