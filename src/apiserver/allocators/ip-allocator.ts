// Addresses of Services: which are taken, and a free one (pkg/registry/core/service/ipallocator). IPv4 only;
// the upper part of the range is used first, so that the lower stays free for addresses that people choose.
export interface IpAllocator {
  readonly cidr: string;
  /** 'ok', or why not. */
  allocate(address: string): 'ok' | 'outside' | 'taken';
  /** undefined when the range is full. */
  allocateNext(): string | undefined;
  release(address: string): void;
}

const MIN_OFFSET = 16;
const MAX_OFFSET = 256;

export function createIpAllocator(cidr: string, random: () => number): IpAllocator {
  const [base = '', bits = ''] = cidr.split('/');
  const length = Number(bits);
  const size = 2 ** (32 - length);
  const first = toNumber(base) - (toNumber(base) % size);
  const last = size - 2; // the highest is the broadcast address
  const offset = Math.min(Math.max(MIN_OFFSET, Math.floor(size / 16)), MAX_OFFSET);
  const lower = size > offset * 2 ? offset : 0;
  const taken = new Set<number>();

  const pick = (from: number, to: number): number | undefined => {
    const count = to - from + 1;
    if (count <= 0) return undefined;
    const start = Math.floor(random() * count);
    for (let i = 0; i < count; i++) {
      const index = from + ((start + i) % count);
      if (!taken.has(index)) return index;
    }
    return undefined;
  };

  return {
    cidr,
    allocate(address) {
      const index = isIPv4(address) ? toNumber(address) - first : -1;
      if (index < 1 || index > last) return 'outside';
      if (taken.has(index)) return 'taken';
      taken.add(index);
      return 'ok';
    },
    allocateNext() {
      const index = pick(lower + 1, last) ?? pick(1, lower);
      if (index === undefined) return undefined;
      taken.add(index);
      return toAddress(first + index);
    },
    release(address) {
      if (isIPv4(address)) taken.delete(toNumber(address) - first);
    },
  };
}

const isIPv4 = (address: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && address.split('.').every((part) => Number(part) <= 255);

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const toAddress = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');

/** The address of default/kubernetes. */
export function firstAddress(cidr: string): string {
  const [base = '', bits = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  return toAddress(toNumber(base) - (toNumber(base) % size) + 1);
}
