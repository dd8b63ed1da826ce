// Addresses that follow from the settings: those of the cluster's own Services, and the one this node goes by.
import ipaddr from 'ipaddr.js';
import type { Config } from './options.ts';

/** The n-th address of a range. */
export function nthAddress(cidr: string, n: number): string {
  const bytes = ipaddr.IPv4.networkAddressFromCIDR(cidr).toByteArray();
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** The name servers' Service; the host itself carries it on its loopback device (see dns.ts). */
export const dnsAddress = (config: Pick<Config, 'service-cidr'>): string => nthAddress(config['service-cidr'], 10);

/**
 * What pods and clients reach this node at now. A laptop in no network still runs pods: it then goes by the DNS
 * Service's address, which is as local to it, while loopback would be each pod's own.
 * `found`: hostAddress().
 */
export const nodeAddress = (
  config: Pick<Config, 'advertise-address' | 'service-cidr'>,
  found: string | undefined,
): string => config['advertise-address'] || found || dnsAddress(config);
