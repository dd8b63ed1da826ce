// The effective security settings of a container.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSecurityContext, SecurityContext } from '../../src/api/types/core/v1.ts';
import { securityOf } from '../../src/kubelet/security.ts';
import { podObject } from '../support/objects.ts';

const security = (own: SecurityContext, shared: PodSecurityContext = {}, user?: string) =>
  securityOf({ name: 'main', securityContext: own }, podObject('p', { spec: { securityContext: shared } }), { user });

test("a container's settings win over the pod's", () => {
  const result = security(
    { runAsUser: 2, capabilities: { add: ['CAP_NET_ADMIN', 'ALL'], drop: ['CHOWN'] }, allowPrivilegeEscalation: false },
    { runAsUser: 1, runAsGroup: 3, fsGroup: 4, supplementalGroups: [4, 5], seccompProfile: { type: 'RuntimeDefault' } },
  );
  assert.deepEqual(result, {
    privileged: false,
    runAsUser: 2,
    runAsGroup: 3,
    supplementalGroups: [4, 5],
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
