// IPAddresses are named by the address they stand for, in its canonical form (pkg/apis/networking/validation
// ValidateIPAddressName).
import { isIP } from 'node:net';
import type { Behaviour } from '../behaviour.ts';

const NOT_AN_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** RFC 5952, which is how URLs write an address. */
const canonical = (address: string): string =>
  isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

export const ipAddresses: Behaviour = {
  validateName(name) {
    if (isIP(name) === 0 || name.includes('%')) return [NOT_AN_ADDRESS];
    return canonical(name) === name ? [] : [`must be in canonical form (${JSON.stringify(canonical(name))})`];
  },
};
