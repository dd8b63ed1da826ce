// The baseline Pod Security Standard of 1.36 (k8s.io/pod-security-admission/policy/check_*.go), ordered by the checks' ids.
import type { Container, PodSpec, SecurityContext } from '../../api/types/core/v1.ts';
import { containersOf, named, namesWhere, type PodSecurityCheck, quoted, setters, uses } from './pod-security-check.ts';

const BASELINE_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

const SELINUX_TYPES = new Set(['container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

export const BASELINE_CHECKS: readonly PodSecurityCheck[] = [
  {
    find(_pod, spec) {
      const typeOf = (context: SecurityContext | PodSpec['securityContext']) => context?.appArmorProfile?.type;
      const bad = (type: string | undefined) => type === 'Unconfined';
      const said = setters(spec, bad(typeOf(spec.securityContext)), (context) => bad(typeOf(context)));
      const detail = `${said} must not set AppArmor profile type to "Unconfined"`;
      return said ? { reason: 'forbidden AppArmor profile', detail } : undefined;
    },
  },
  {
    replaced: true,
    find(_pod, spec) {
      const added = (context: SecurityContext) =>
        (context.capabilities?.add ?? []).filter((capability) => !BASELINE_CAPABILITIES.has(capability));
      const bad = namesWhere(spec, (context) => added(context).length > 0);
      const capabilities = containersOf(spec).flatMap((container) => added(container.securityContext ?? {}));
      const detail = `${named('container', bad)} must not include ${quoted([...new Set(capabilities)].sort())} in securityContext.capabilities.add`;
      return bad.length > 0 ? { reason: 'non-default capabilities', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const fields = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
      const detail = fields.map((field) => `${field}=true`).join(', ');
      return fields.length > 0 ? { reason: 'host namespaces', detail } : undefined;
    },
  },
  {
    replaced: true,
    find(_pod, spec) {
      const bad = (spec.volumes ?? []).filter((volume) => volume.hostPath).map(({ name }) => name);
      return bad.length > 0 ? { reason: 'hostPath volumes', detail: named('volume', bad) } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const portsOf = (container: Container) => (container.ports ?? []).flatMap(({ hostPort }) => hostPort || []);
      const bad = namesWhere(spec, (_context, container) => portsOf(container).length > 0);
      const ports = [...new Set(containersOf(spec).flatMap(portsOf).map(String))].sort();
      const detail = `${named('container', bad)} ${uses(bad)} hostPort${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`;
      return bad.length > 0 ? { reason: 'hostPort', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container) =>
        [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
          .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
          .filter((host): host is string => Boolean(host));
      const bad = namesWhere(spec, (_context, container) => hostsOf(container).length > 0).sort();
      const hosts = [...new Set(containersOf(spec).flatMap(hostsOf))].sort();
      const word = `probe or lifecycle host${hosts.length === 1 ? '' : 's'}`;
      const detail = `${named('container', bad)} ${uses(bad)} ${word} ${quoted(hosts)}`;
      return bad.length > 0 ? { reason: 'probe or lifecycle host', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const bad = namesWhere(spec, (context) => context.privileged === true);
      const detail = `${named('container', bad)} must not set securityContext.privileged=true`;
      return bad.length > 0 ? { reason: 'privileged', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      if (spec.hostUsers === false) return undefined;
      const unmasked = (context: SecurityContext) => (context.procMount ?? 'Default') !== 'Default';
      const bad = namesWhere(spec, unmasked);
      const types = containersOf(spec).flatMap(({ securityContext }) => securityContext?.procMount ?? []);
      const detail = `${named('container', bad)} must not set securityContext.procMount to ${quoted([...new Set(types)].filter((type) => type !== 'Default').sort())}`;
      return bad.length > 0 ? { reason: 'procMount', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const custom = (context: SecurityContext | PodSpec['securityContext']) => {
        const options = context?.seLinuxOptions;
        return Boolean(options?.user || options?.role || (options?.type && !SELINUX_TYPES.has(options.type)));
      };
      const said = setters(spec, custom(spec.securityContext), custom);
      const all = [spec.securityContext, ...containersOf(spec).map(({ securityContext }) => securityContext)];
      const types = all.flatMap((c) => c?.seLinuxOptions?.type || []).filter((type) => !SELINUX_TYPES.has(type));
      const set = [...new Set(types)].sort();
      const data = [
        ...(set.length > 0 ? [`type${set.length === 1 ? '' : 's'} ${quoted(set)}`] : []),
        ...(all.some((c) => c?.seLinuxOptions?.user) ? ['user may not be set'] : []),
        ...(all.some((c) => c?.seLinuxOptions?.role) ? ['role may not be set'] : []),
      ];
      const detail = `${said} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`;
      return said ? { reason: 'seLinuxOptions', detail } : undefined;
    },
  },
  {
    replaced: true,
    find(_pod, spec) {
      const unconfined = (context: { seccompProfile?: { type?: string } } | undefined) =>
        context?.seccompProfile?.type === 'Unconfined';
      const said = setters(spec, unconfined(spec.securityContext), unconfined);
      const detail = `${said} must not set securityContext.seccompProfile.type to "Unconfined"`;
      return said ? { reason: 'seccompProfile', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((n) => !SAFE_SYSCTLS.has(n));
      return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const hostProcess = (context: SecurityContext | PodSpec['securityContext']) =>
        context?.windowsOptions?.hostProcess === true;
      const said = setters(spec, hostProcess(spec.securityContext), hostProcess);
      const detail = `${said} must not set securityContext.windowsOptions.hostProcess=true`;
      return said ? { reason: 'hostProcess', detail } : undefined;
    },
  },
];
