// What the tests of runtimes run: a sandbox and a container that ask for nothing out of the ordinary.
import type { ContainerConfig, SandboxConfig } from '../../../src/kubelet/cri/runtime.ts';

export const sandboxConfig = (name: string, change: Partial<SandboxConfig> = {}): SandboxConfig => ({
  pod: { namespace: 'default', name, uid: `uid-${name}` },
  attempt: 0,
  hostname: name,
  network: { portMappings: [] },
  hostPID: false,
  hostIPC: false,
  shareProcessNamespace: false,
  sysctls: {},
  ...change,
});

export const containerConfig = (
  sandboxId: string,
  name: string,
  change: Partial<ContainerConfig> = {},
): ContainerConfig => ({
  sandboxId,
  name,
  attempt: 0,
  image: 'busybox:1.36',
  env: [],
  mounts: [],
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: {},
  security: {
    privileged: false,
    supplementalGroups: [],
    addCapabilities: [],
    dropCapabilities: [],
    readOnlyRootFilesystem: false,
    noNewPrivileges: false,
    seccomp: 'RuntimeDefault',
  },
  labels: {},
  ...change,
});
