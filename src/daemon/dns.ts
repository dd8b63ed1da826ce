// Gives the host the DNS Service's address on its loopback device and serves names there: pods reach it like any
// local address of the host, with no rule and no other machine involved.
import { networkInterfaces } from 'node:os';
import { createDns } from '../dns/dns.ts';
import { run } from '../exec.ts';
import type { Component } from '../lifecycle.ts';
import type { HostLedger } from '../network/host-ledger.ts';
import type { Cluster } from './cluster.ts';

const DEVICE = 'lo';
const PORT = 53;

export async function dnsComponent(cluster: Cluster): Promise<Component> {
  const { config, clock, log, plane, informers } = cluster;
  await addAddress(plane.dnsIp, cluster.ledger);
  return createDns({
    informers,
    clock,
    log: log.child({ component: 'dns' }),
    address: plane.dnsIp,
    port: PORT,
    domain: config['cluster-domain'],
    upstream: config['upstream-dns'],
    resolvConf: '/etc/resolv.conf',
  });
}

async function addAddress(ip: string, ledger: HostLedger): Promise<void> {
  if (networkInterfaces()[DEVICE]?.some((address) => address.address === ip)) return;
  const address = `${ip}/32`;
  ledger.record({ kind: 'address', device: DEVICE, address });
  await run(['ip', 'address', 'add', address, 'dev', DEVICE]);
}
