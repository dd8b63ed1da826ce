// /etc/hosts, /etc/resolv.conf and /etc/hostname of a pod, written once the pod has its addresses.
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import { ifMissing } from '../missing-file.ts';
import type { Mount } from './cri/runtime.ts';
import { formatResolvConf, hostsFile, kernelHostname, parseResolvConf, podResolver } from './dns.ts';
import { specOf } from './pod-record.ts';

export interface ClusterNames {
  clusterDns: readonly string[];
  clusterDomain: string;
  /** The host's own; a stub resolver's upstream file where there is one. */
  resolvConf: string;
}

export interface PodFiles {
  /** The pod's directory. */
  readonly directory: string;
  mounts(pod: Pod, podIPs: readonly string[]): Promise<Mount[]>;
}

export function createPodFiles(
  directory: string,
  { events, ...cluster }: ClusterNames & { events: EventRecorder },
): PodFiles {
  return {
    directory,
    async mounts(pod, podIPs) {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const host = parseResolvConf(await readFile(cluster.resolvConf, 'utf8').catch(ifMissing(''))); // a host without one
      const hostFile = specOf(pod).hostNetwork ? await readFile('/etc/hosts', 'utf8') : '';
      const names = { dns: cluster.clusterDns, domain: cluster.clusterDomain, host };
      const resolver = podResolver(pod, names, ({ reason, message }) => events.event(pod, 'Warning', reason, message));
      const files: [name: string, target: string, text: string][] = [
        ['etc-hosts', '/etc/hosts', hostsFile(pod, { podIPs, clusterDomain: cluster.clusterDomain, hostFile })],
        ['resolv.conf', '/etc/resolv.conf', formatResolvConf(resolver)],
      ];
      if (!specOf(pod).hostNetwork)
        files.push(['hostname', '/etc/hostname', `${kernelHostname(pod, cluster.clusterDomain)}\n`]);
      return Promise.all(
        files.map(async ([name, containerPath, text]) => {
          const hostPath = path.join(directory, name);
          await writeFile(hostPath, text, { mode: 0o644 });
          return { hostPath, containerPath, readOnly: false };
        }),
      );
    },
  };
}

const SYSTEMD_UPSTREAM = '/run/systemd/resolve/resolv.conf';

/** The host's resolver configuration as pods can use it: a resolver on the host's loopback is out of their reach. */
export async function hostResolvConf(): Promise<string> {
  const own = '/etc/resolv.conf';
  const { servers } = parseResolvConf(await readFile(own, 'utf8').catch(ifMissing('')));
  const isStub = servers.length > 0 && servers.every((server) => server.startsWith('127.'));
  if (!isStub) return own;
  return access(SYSTEMD_UPSTREAM).then(
    () => SYSTEMD_UPSTREAM,
    () => own,
  );
}
