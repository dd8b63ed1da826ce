// What the node refuses a pod for: kernel settings that are not the pod's own or not allowed, profiles it cannot enforce.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../src/api/types/core/v1.ts';
import { admissionRefusal, admitPod } from '../../src/kubelet/admission.ts';
import { checkSysctlPatterns, normalizeSysctl } from '../../src/kubelet/sysctls.ts';
import { podObject } from '../support/objects.ts';

const withSysctl = (name: string, parts: Partial<PodSpec> = {}) => ({
  ...parts,
  securityContext: { sysctls: [{ name, value: '1' }] },
});
const confined = { appArmorProfile: { type: 'RuntimeDefault' as const } };

for (const { what, spec, allowed = [], hasAppArmor = false, expected } of [
  { what: 'a safe sysctl', spec: withSysctl('kernel.shm_rmid_forced'), expected: undefined },
  { what: 'a safe sysctl written as a path', spec: withSysctl('net/ipv4/tcp_syncookies'), expected: undefined },
  {
    what: 'an unsafe sysctl',
    spec: withSysctl('kernel.msgmax'),
    expected: { reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' },
  },
  {
    what: 'an allowed unsafe sysctl',
    spec: withSysctl('kernel.msgmax'),
    allowed: ['kernel.msg*'],
    expected: undefined,
  },
  {
    what: "a sysctl of the host's IPC namespace",
    spec: withSysctl('kernel.msgmax', { hostIPC: true }),
    allowed: ['kernel.msg*'],
    expected: {
      reason: 'SysctlForbidden',
      message: 'forbidden sysctl: "kernel.msgmax" not allowed with host IPC enabled',
    },
  },
  {
    what: "a sysctl of the host's network",
    spec: withSysctl('net.ipv4.tcp_syncookies', { hostNetwork: true }),
    expected: {
      reason: 'SysctlForbidden',
      message: 'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
    },
  },
  {
    what: 'a profile of AppArmor on a host without it',
    spec: { containers: [{ name: 'main', securityContext: confined }] },
    expected: { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' },
  },
  { what: 'a profile of AppArmor', spec: { securityContext: confined }, hasAppArmor: true, expected: undefined },
  { what: 'a pod for Linux', spec: { os: { name: 'linux' } }, expected: undefined },
  {
    what: 'a pod for Windows',
    spec: { os: { name: 'windows' } },
    expected: { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" },
  },
  {
    what: 'no profile of AppArmor',
    spec: { securityContext: { appArmorProfile: { type: 'Unconfined' as const } } },
    expected: undefined,
  },
]) {
  test(`${what} is ${expected ? 'refused' : 'admitted'}`, () => {
    const facts = { allowedUnsafeSysctls: allowed, hasAppArmor, nodeRefusal: () => undefined };
    assert.deepEqual(admissionRefusal(podObject('p', { spec: spec as PodSpec }), facts), expected);
  });
}

test('the first separator of a name says how it is written', () => {
  assert.equal(normalizeSysctl('net/ipv4/conf/eth0.1/rp_filter'), 'net.ipv4.conf.eth0/1.rp_filter');
  assert.equal(normalizeSysctl('net.ipv4.conf.eth0/1.rp_filter'), 'net.ipv4.conf.eth0/1.rp_filter');
});

test('patterns that allow sysctls are names of namespaced ones', () => {
  assert.deepEqual(checkSysctlPatterns(['kernel.msg*', 'net/core/somaxconn', 'fs.mqueue.*']).length, 3);
  assert.throws(() => checkSysctlPatterns(['vm.swappiness']), /"vm\.swappiness" are not known to be namespaced/);
  assert.throws(() => checkSysctlPatterns(['net.*.x']), /"net\.\*\.x" is no name of a sysctl/);
});

test('a refused pod fails and an event says why; one that has ended stays as it is', () => {
  const told: string[] = [];
  const failures: object[] = [];
  const facts = {
    events: { event: (_: object, ...words: string[]) => void told.push(words.slice(0, 3).join(' ')) } as never,
    allowedUnsafeSysctls: [],
    hasAppArmor: false,
    nodeRefusal: () => undefined,
  };
  const worker = { fail: async (failure: object) => void failures.push(failure) };
  const spec = withSysctl('kernel.msgmax') as PodSpec;
  for (const phase of ['Pending', 'Failed'] as const)
    admitPod(podObject('p', { spec, status: { phase } }), worker, facts);
  assert.deepEqual(told, ['Warning SysctlForbidden forbidden sysctl: "kernel.msgmax" not allowlisted']);
  assert.deepEqual(failures, [
    {
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
      isRejection: true,
    },
  ]);
});
