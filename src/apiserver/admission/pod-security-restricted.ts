// The restricted Pod Security Standard of 1.36, what it adds to baseline, ordered by the checks' ids.
import type { PodSpec, SecurityContext, Volume } from '../../api/types/core/v1.ts';
import { containersOf, named, namesWhere, type PodSecurityCheck, quoted, setters } from './pod-security-check.ts';

const RESTRICTED_VOLUMES: readonly (keyof Volume)[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

export const RESTRICTED_CHECKS: readonly PodSecurityCheck[] = [
  {
    find(_pod, spec) {
      if (isWindows(spec)) return undefined;
      const bad = namesWhere(spec, (context) => context.allowPrivilegeEscalation !== false);
      const detail = `${named('container', bad)} must set securityContext.allowPrivilegeEscalation=false`;
      return bad.length > 0 ? { reason: 'allowPrivilegeEscalation != false', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      if (isWindows(spec)) return undefined;
      const noDrop = namesWhere(spec, (context) => !context.capabilities?.drop?.includes('ALL'));
      const forbidden = (context: SecurityContext) =>
        (context.capabilities?.add ?? []).filter((capability) => capability !== 'NET_BIND_SERVICE');
      const adding = namesWhere(spec, (context) => forbidden(context).length > 0);
      const added = [...new Set(containersOf(spec).flatMap((c) => forbidden(c.securityContext ?? {})))].sort();
      const details = [
        ...(noDrop.length > 0
          ? [`${named('container', noDrop)} must set securityContext.capabilities.drop=["ALL"]`]
          : []),
        ...(adding.length > 0
          ? [`${named('container', adding)} must not include ${quoted(added)} in securityContext.capabilities.add`]
          : []),
      ];
      return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
    },
  },
  {
    find(_pod, spec) {
      const bad = (spec.volumes ?? []).filter((volume) => !RESTRICTED_VOLUMES.some((type) => volume[type]));
      const types = [...new Set(bad.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name')))].sort();
      const detail = `${named(
        'volume',
        bad.map(({ name }) => name),
      )} ${bad.length === 1 ? 'uses' : 'use'} restricted volume type${types.length === 1 ? '' : 's'} ${quoted(types)}`;
      return bad.length > 0 ? { reason: 'restricted volume types', detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      if (spec.hostUsers === false) return undefined;
      const said = setters(spec, spec.securityContext?.runAsNonRoot === false, (c) => c.runAsNonRoot === false);
      const reason = 'runAsNonRoot != true';
      if (said) return { reason, detail: `${said} must not set securityContext.runAsNonRoot=false` };
      if (spec.securityContext?.runAsNonRoot) return undefined;
      const silent = namesWhere(spec, (context) => context.runAsNonRoot === undefined);
      const detail = `pod or ${named('container', silent)} must set securityContext.runAsNonRoot=true`;
      return silent.length > 0 ? { reason, detail } : undefined;
    },
  },
  {
    find(_pod, spec) {
      if (spec.hostUsers === false) return undefined;
      const said = setters(spec, spec.securityContext?.runAsUser === 0, (context) => context.runAsUser === 0);
      return said ? { reason: 'runAsUser=0', detail: `${said} must not set runAsUser=0` } : undefined;
    },
  },
  {
    find(_pod, spec) {
      if (isWindows(spec)) return undefined;
      const typeOf = (context: { seccompProfile?: { type?: string } } | undefined) => context?.seccompProfile?.type;
      const wrong = (type: string | undefined) => type !== undefined && !SECCOMP_TYPES.includes(type);
      const podType = typeOf(spec.securityContext);
      const said = setters(spec, wrong(podType), (context) => wrong(typeOf(context)));
      const reason = 'seccompProfile';
      if (said) {
        const all = [podType, ...containersOf(spec).map((c) => typeOf(c.securityContext))].filter(wrong) as string[];
        const values = quoted([...new Set(all)].sort());
        return { reason, detail: `${said} must not set securityContext.seccompProfile.type to ${values}` };
      }
      if (podType !== undefined) return undefined;
      const silent = namesWhere(spec, (context) => typeOf(context) === undefined);
      const detail = `pod or ${named('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
      return silent.length > 0 ? { reason, detail } : undefined;
    },
  },
];

const SECCOMP_TYPES = ['RuntimeDefault', 'Localhost'];

const isWindows = (spec: PodSpec): boolean => spec.os?.name === 'windows';
