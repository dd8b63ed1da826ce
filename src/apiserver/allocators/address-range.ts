// A range of IPv4 addresses that Services may have, and the order in which free ones are looked for
// (pkg/registry/core/service/ipallocator): from the upper part first, so that the lower stays free for addresses that
// people choose.
export interface AddressRange {
  /** Its network address, which no Service has. */
  readonly base: string;
  /** Each address once, from a random place on. */
  candidates(random: () => number): Generator<string>;
}

const MIN_OFFSET = 16;
const MAX_OFFSET = 256;

export function addressRange(cidr: string): AddressRange {
  const [address = '', bits = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = toNumber(address) - (toNumber(address) % size);
  const last = size - 2; // the highest is the broadcast address
  const offset = Math.min(Math.max(MIN_OFFSET, Math.floor(size / 16)), MAX_OFFSET);
  const lower = size > offset * 2 ? offset : 0;

  function* between(from: number, to: number, random: () => number): Generator<string> {
    const count = to - from + 1;
    const start = Math.floor(random() * count);
    for (let i = 0; i < count; i++) yield toAddress(first + from + ((start + i) % count));
  }
  return {
    base: toAddress(first),
    *candidates(random) {
      yield* between(lower + 1, last, random);
      yield* between(1, lower, random);
    },
  };
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const toAddress = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
