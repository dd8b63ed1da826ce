// A container's security settings: its own over the pod's (securitycontext.DetermineEffectiveSecurityContext,
// kuberuntime/security_context.go), and the check of runAsNonRoot. Pure.
import path from 'node:path';
import type { AppArmorProfile, Container, Pod, SeccompProfile } from '../api/types/core/v1.ts';
import { type ContainerConfig, type ImageStatus, RuntimeError } from './cri/runtime.ts';
import { specOf } from './pod-record.ts';

type Security = ContainerConfig['security'];

const configError = (message: string) => new RuntimeError('CreateContainerConfigError', message);

const capability = (name: string): string => (name === 'ALL' ? name : name.replace(/^CAP_/, ''));

export interface SecurityFacts {
  image: Pick<ImageStatus, 'user'>;
  /** Where the node keeps the profiles that `Localhost` names, `<kubelet's directory>/seccomp`. */
  seccompDirectory: string;
}

/** Throws RuntimeError CreateContainerConfigError for what cannot be as it is asked for. */
export function securityOf(container: Container, pod: Pod, facts: SecurityFacts): Security {
  const own = container.securityContext ?? {};
  const shared = specOf(pod).securityContext ?? {};
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  const privileged = own.privileged ?? false;
  const selinux = own.seLinuxOptions ?? shared.seLinuxOptions;
  const appArmor = appArmorOf(own.appArmorProfile ?? shared.appArmorProfile);
  if (own.runAsNonRoot ?? shared.runAsNonRoot)
    assertNonRoot({ container, pod, runAsUser, imageUser: facts.image.user ?? '' });
  return {
    privileged,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: [
      ...new Set([...(shared.fsGroup === undefined ? [] : [shared.fsGroup]), ...(shared.supplementalGroups ?? [])]),
    ],
    ...(shared.supplementalGroupsPolicy === 'Strict' ? { onlyThoseGroups: true } : {}),
    addCapabilities: (own.capabilities?.add ?? []).map(capability),
    dropCapabilities: (own.capabilities?.drop ?? []).map(capability),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? 'Unconfined' : seccompOf(own.seccompProfile ?? shared.seccompProfile, facts.seccompDirectory),
    ...(appArmor === undefined ? {} : { appArmor }),
    ...(selinux === undefined ? {} : { selinux }),
    ...(own.procMount === 'Unmasked' ? { unmaskedProc: true } : {}),
  };
}

/** The kubelet's default is Unconfined (seccompDefault: false). */
function seccompOf(profile: SeccompProfile | undefined, directory: string): Security['seccomp'] {
  if (profile?.type === 'RuntimeDefault') return 'RuntimeDefault';
  if (profile?.type !== 'Localhost') return 'Unconfined';
  if (!profile.localhostProfile) {
    throw configError('localhostProfile must be set if seccompProfile type is Localhost.');
  }
  return { localhostProfile: path.join(directory, profile.localhostProfile) };
}

function appArmorOf(profile: AppArmorProfile | undefined): Security['appArmor'] {
  if (profile?.type !== 'Localhost') return profile?.type as 'RuntimeDefault' | 'Unconfined' | undefined;
  if (!profile.localhostProfile) throw configError('missing localhost apparmor profile name');
  return { localhostProfile: profile.localhostProfile };
}

function assertNonRoot(of: { container: Container; pod: Pod; runAsUser: number | undefined; imageUser: string }): void {
  const where = `(pod: "${of.pod.metadata.name}_${of.pod.metadata.namespace}(${of.pod.metadata.uid})", container: ${of.container.name})`;
  const refuse = (message: string) => {
    throw configError(`${message} ${where}`);
  };
  if (of.runAsUser !== undefined) {
    if (of.runAsUser === 0) refuse("container's runAsUser breaks non-root policy");
    return;
  }
  const user = of.imageUser.split(':')[0] ?? '';
  if (user === '' || user === '0') refuse('container has runAsNonRoot and image will run as root');
  if (!/^\d+$/.test(user)) {
    refuse(`container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`);
  }
}
