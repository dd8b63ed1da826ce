// Security settings of pods on real containers.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hostHasAppArmor } from '../../src/kubelet/admission.ts';
import { clusterWith, type ManifestCluster, statusOf } from './manifest-cluster.ts';

const NO_MKDIR = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
};

async function prepare(_folder: string, dataDir: string): Promise<void> {
  const profiles = path.join(dataDir, 'kubelet/seccomp/tests');
  mkdirSync(profiles, { recursive: true });
  writeFileSync(path.join(profiles, 'no-mkdir.json'), JSON.stringify(NO_MKDIR));
}

describe('security settings', { timeout: 180_000 }, () => {
  let on: ManifestCluster;
  before(async () => {
    on = await clusterWith('security', { prepare, settings: ['--allowed-unsafe-sysctls=kernel.msg*'] });
  });
  after(() => on?.remove());

  test("seccomp: none unless asked for, the runtime's own, none, and one of the node", async () => {
    await on.ended('seccomp');
    for (const [container, mode, made] of [
      ['unset', '0', 'made'],
      ['default', '2', 'made'],
      ['unconfined', '0', 'made'],
      ['own', '2', "mkdir: can't create directory '/made': Operation not permitted"],
    ] as const) {
      await on.prints('seccomp', [mode, made], container);
    }
  });

  test('a profile that the node does not have is said', async () => {
    const { reason, message } = await on.waiting('no-profile');
    assert.equal(reason, 'CreateContainerError');
    assert.match(message ?? '', /seccomp\/nowhere\.json/);
  });

  test('groups of the image are added, unless only those given are wanted', async () => {
    const [merged, strict] = await Promise.all([on.ended('merged-groups'), on.ended('strict-groups')]);
    await on.prints('merged-groups', ['3000 29 4000']);
    await on.prints('strict-groups', ['3000 4000 5000']);
    const user = { uid: 65534, gid: 3000 };
    assert.deepEqual(statusOf(merged, 'main').user?.linux, { ...user, supplementalGroups: [3000, 29, 4000] });
    assert.deepEqual(statusOf(strict, 'main').user?.linux, { ...user, supplementalGroups: [3000, 5000, 4000] });
  });

  test('root is refused where it is forbidden, and others run', async () => {
    const { reason, message } = await on.waiting('root-by-number');
    assert.equal(reason, 'CreateContainerConfigError');
    assert.match(message ?? '', /^container's runAsUser breaks non-root policy \(pod: "root-by-number_default\(/);
    await on.ended('non-root');
    await on.prints('non-root', ['7']);
  });

  test('safe sysctls, and unsafe ones that the node allows', async () => {
    await on.ended('sysctls');
    await on.prints('sysctls', ['81', '1', '65536']);
  });

  test('a pod with another unsafe sysctl is rejected', async () => {
    const { status } = await on.ended('unsafe-sysctl');
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message],
      ['Failed', 'SysctlForbidden', 'Pod was rejected: forbidden sysctl: "net.core.somaxconn" not allowlisted'],
    );
    await on.told('unsafe-sysctl', /SysctlForbidden .*forbidden sysctl: "net\.core\.somaxconn" not allowlisted/);
  });

  test("AppArmor: the runtime's profile, or rejected on a host without AppArmor", async () => {
    const { status } = await on.ended('apparmor');
    const expected = hostHasAppArmor()
      ? ['Succeeded', undefined, undefined]
      : ['Failed', 'AppArmor', 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host'];
    assert.deepEqual([status?.phase, status?.reason, status?.message], expected);
  });

  test('users of its own: waits, as with any runtime that has none', async () => {
    const words =
      /FailedCreatePodSandBox .*can't set `spec\.hostUsers: false`, runtime does not support user namespaces/;
    await on.told('own-users', words);
  });

  test('a RuntimeClass: its handler and its overhead', async () => {
    const { spec } = await on.ended('plain-class');
    assert.deepEqual(spec?.overhead, { cpu: '10m', memory: '8Mi' });
    await on.prints('plain-class', ['runs']);
  });

  test('a handler that the runtime does not have is said', async () => {
    await on.told('other-class', /FailedCreatePodSandBox .*no runtime for "kata" is configured/);
  });

  test('parts of /proc are hidden and read only, unless privileged', async () => {
    await on.ended('proc');
    await on.prints('proc', ['0', "sh: can't create /proc/sys/kernel/domainname: Read-only file system"], 'masked');
    await on.prints('proc', ['x'], 'privileged');
  });
});
