// A container's security settings: its own over the pod's (securitycontext.DetermineEffectiveSecurityContext), and the
// check of runAsNonRoot (kuberuntime/security_context.go). Pure.
import type { Container, Pod, SeccompProfile } from '../api/types/core/v1.ts';
import { type ContainerConfig, type ImageStatus, RuntimeError } from './cri/runtime.ts';
import { specOf } from './pod-record.ts';

const capability = (name: string): string => (name === 'ALL' ? name : name.replace(/^CAP_/, ''));

/** Throws RuntimeError CreateContainerConfigError when runAsNonRoot is asked for and does not hold. */
export function securityOf(
  container: Container,
  pod: Pod,
  image: Pick<ImageStatus, 'user'>,
): ContainerConfig['security'] {
  const own = container.securityContext ?? {};
  const shared = specOf(pod).securityContext ?? {};
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  const privileged = own.privileged ?? false;
  if (own.runAsNonRoot ?? shared.runAsNonRoot)
    assertNonRoot({ container, pod, runAsUser, imageUser: image.user ?? '' });
  return {
    privileged,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: [
      ...new Set([...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])]),
    ],
    addCapabilities: (own.capabilities?.add ?? []).map(capability),
    dropCapabilities: (own.capabilities?.drop ?? []).map(capability),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? 'Unconfined' : seccompOf(own.seccompProfile ?? shared.seccompProfile),
  };
}

/** The kubelet's default is Unconfined (seccompDefault: false). */
function seccompOf(profile: SeccompProfile | undefined): ContainerConfig['security']['seccomp'] {
  if (profile?.type === 'RuntimeDefault') return 'RuntimeDefault';
  if (profile?.type === 'Localhost') return { localhostProfile: profile.localhostProfile ?? '' };
  return 'Unconfined';
}

function assertNonRoot(of: { container: Container; pod: Pod; runAsUser: number | undefined; imageUser: string }): void {
  const where = `(pod: "${of.pod.metadata.name}_${of.pod.metadata.namespace}(${of.pod.metadata.uid})", container: ${of.container.name})`;
  const refuse = (message: string) => {
    throw new RuntimeError('CreateContainerConfigError', `${message} ${where}`);
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
