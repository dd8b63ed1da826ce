// The effective security settings of a container.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSecurityContext, SecurityContext } from '../../src/api/types/core/v1.ts';
import { securityOf } from '../../src/kubelet/security.ts';
import { podObject } from '../support/objects.ts';

const security = (own: SecurityContext, shared: PodSecurityContext = {}, user?: string) =>
  securityOf({ name: 'main', securityContext: own }, podObject('p', { spec: { securityContext: shared } }), {
    image: { user },
    seccompDirectory: '/var/lib/kubelet/seccomp',
  });

test("a container's settings win over the pod's", () => {
  const result = security(
    { runAsUser: 2, capabilities: { add: ['CAP_NET_ADMIN', 'ALL'], drop: ['CHOWN'] }, allowPrivilegeEscalation: false },
    {
      runAsUser: 1,
      runAsGroup: 3,
      fsGroup: 4,
      supplementalGroups: [4, 5],
      supplementalGroupsPolicy: 'Strict',
      seccompProfile: { type: 'RuntimeDefault' },
    },
  );
  assert.deepEqual(result, {
    privileged: false,
    runAsUser: 2,
    runAsGroup: 3,
    supplementalGroups: [4, 5],
    onlyThoseGroups: true,
    addCapabilities: ['NET_ADMIN', 'ALL'],
    dropCapabilities: ['CHOWN'],
    readOnlyRootFilesystem: false,
    noNewPrivileges: true,
    seccomp: 'RuntimeDefault',
  });
});

for (const { runAsUser, user, message } of [
  { runAsUser: 0, user: undefined, message: /^container's runAsUser breaks non-root policy/ },
  { runAsUser: undefined, user: '', message: /^container has runAsNonRoot and image will run as root/ },
  { runAsUser: undefined, user: '0:0', message: /^container has runAsNonRoot and image will run as root/ },
  {
    runAsUser: undefined,
    user: 'nobody',
    message: /^container has runAsNonRoot and image has non-numeric user \(nobody\), cannot verify/,
  },
  { runAsUser: undefined, user: '65534', message: undefined },
  { runAsUser: 1000, user: '', message: undefined },
]) {
  test(`runAsNonRoot with user ${runAsUser} and an image of user ${user}`, () => {
    const decide = () => security({ runAsNonRoot: true, ...(runAsUser === undefined ? {} : { runAsUser }) }, {}, user);
    if (message) assert.throws(decide, { reason: 'CreateContainerConfigError', message });
    else assert.doesNotThrow(decide);
  });
}

for (const { what, own, shared, expected } of [
  { what: 'seccomp: nothing said', own: {}, shared: {}, expected: { seccomp: 'Unconfined' } },
  {
    what: 'seccomp: a file of the node',
    own: { seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/a.json' } },
    shared: { seccompProfile: { type: 'RuntimeDefault' } },
    expected: { seccomp: { localhostProfile: '/var/lib/kubelet/seccomp/profiles/a.json' } },
  },
  {
    what: 'seccomp: privileged',
    own: { privileged: true, seccompProfile: { type: 'RuntimeDefault' } },
    shared: {},
    expected: { seccomp: 'Unconfined' },
  },
  {
    what: "AppArmor: the pod's",
    own: {},
    shared: { appArmorProfile: { type: 'Unconfined' } },
    expected: { appArmor: 'Unconfined' },
  },
  {
    what: 'AppArmor: a profile by name',
    own: { appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } },
    shared: { appArmorProfile: { type: 'Unconfined' } },
    expected: { appArmor: { localhostProfile: 'mine' } },
  },
  {
    what: 'SELinux: one value for all of it',
    own: { seLinuxOptions: { level: 's0:c1' } },
    shared: { seLinuxOptions: { type: 't' } },
    expected: { selinux: { level: 's0:c1' } },
  },
  { what: '/proc as it is', own: { procMount: 'Unmasked' }, shared: {}, expected: { unmaskedProc: true } },
  { what: 'groups: those of the image too', own: {}, shared: { supplementalGroupsPolicy: 'Merge' }, expected: {} },
] satisfies { what: string; own: SecurityContext; shared: PodSecurityContext; expected: object }[]) {
  test(`effective security, ${what}`, () => {
    const { onlyThoseGroups, ...result } = security(own, shared);
    assert.equal(onlyThoseGroups, undefined);
    assert.partialDeepStrictEqual(result, expected);
  });
}

for (const { own, message } of [
  {
    own: { seccompProfile: { type: 'Localhost' } },
    message: 'localhostProfile must be set if seccompProfile type is Localhost.',
  },
  { own: { appArmorProfile: { type: 'Localhost' } }, message: 'missing localhost apparmor profile name' },
] as { own: SecurityContext; message: string }[]) {
  test(`security that cannot be had is told: ${message}`, () => {
    assert.throws(() => security(own), { reason: 'CreateContainerConfigError', message });
  });
}
