// Over folders that look like the kernel's, for either version; and over this host's own groups where they may be made.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { CGROUP_ROOT, openCgroups } from '../../../src/kubelet/cgroups/cgroups.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'cgroups-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const text = (...parts: string[]) => readFileSync(path.join(root, ...parts), 'utf8');
const put = (file: string, content: string) => {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), content);
};

describe('control groups, version 1', () => {
  beforeEach(() => {
    for (const controller of ['cpu', 'cpuacct', 'memory', 'pids', 'freezer']) mkdirSync(path.join(root, controller));
  });

  test('a group is made below every controller that is set, and set', () => {
    const cgroups = openCgroups(root, 1);
    assert.equal(cgroups.exists('/pods/a'), false);
    cgroups.put('/pods/a', { cpuShares: 512, memoryLimitBytes: 1000, pidsLimit: 5 });
    assert.equal(cgroups.exists('/pods/a'), true);
    assert.equal(text('cpu/pods/a/cpu.shares'), '512');
    assert.equal(text('memory/pods/a/memory.limit_in_bytes'), '1000');
    assert.equal(text('pids/pods/a/pids.max'), '5');
    assert.ok(existsSync(path.join(root, 'cpuacct/pods/a')) && !existsSync(path.join(root, 'freezer/pods')));
    assert.deepEqual(cgroups.children('/pods'), ['a']);
    assert.equal(cgroups.file('memory', '/pods/a', 'x'), path.join(root, 'memory/pods/a/x'));
  });

  test('a controller that this kernel lacks is left out', () => {
    rmSync(path.join(root, 'pids'), { recursive: true });
    const cgroups = openCgroups(root, 1);
    cgroups.put('/pods', { pidsLimit: 5, cpuShares: 2 });
    assert.ok(cgroups.exists('/pods') && !existsSync(path.join(root, 'pids')));
  });

  test('usage is what the files of its controllers say', () => {
    put('cpuacct/pods/cpuacct.usage', '123\n');
    put('memory/pods/memory.usage_in_bytes', '1000\n');
    const stat = 'inactive_file 1\ntotal_rss 500\ntotal_inactive_file 300\ntotal_pgfault 7\ntotal_pgmajfault 2\n';
    put('memory/pods/memory.stat', stat);
    put('pids/pods/pids.current', '4\n');
    assert.deepEqual(openCgroups(root, 1).usage('/pods'), {
      cpu: { usageNanoseconds: 123 },
      memory: { usageBytes: 1000, workingSetBytes: 700, rssBytes: 500, pageFaults: 7, majorPageFaults: 2 },
      processes: 4,
    });
    assert.equal(openCgroups(root, 1).usage('/none'), undefined);
  });

  test('a removed group is gone from every hierarchy, those of others too', () => {
    mkdirSync(path.join(root, 'freezer/pods/a/c1'), { recursive: true });
    const cgroups = openCgroups(root, 1);
    mkdirSync(path.join(root, 'cpu/pods/a'), { recursive: true });
    cgroups.remove('/pods/a');
    cgroups.remove('/pods/a');
    assert.ok(!existsSync(path.join(root, 'freezer/pods/a')) && !existsSync(path.join(root, 'cpu/pods/a')));
  });

  test('what cannot be set or removed is told with the group and the file', () => {
    const cgroups = openCgroups(root, 1);
    mkdirSync(path.join(root, 'cpu/pods/cpu.shares'), { recursive: true });
    assert.throws(() => cgroups.put('/pods', { cpuShares: 2 }), /cgroup \/pods: cpu\.shares could not be set to 2: /);
    put('cpu/busy/cgroup.procs', '1');
    assert.throws(() => cgroups.remove('/busy'), /cgroup \/busy is still in use: /);
    put('memory/file', '');
    assert.throws(() => cgroups.put('/file', {}), /cgroup \/file could not be made: /);
  });
});

describe('control groups, version 2', () => {
  /** The kernel fills these in for every new folder; here they have to be there before. */
  const folder = (name: string, given: string) => {
    put(`${name}/cgroup.controllers`, 'cpu memory pids\n');
    put(`${name}/cgroup.subtree_control`, given);
  };
  beforeEach(() => {
    folder('', 'cpu memory pids');
    folder('pods', 'cpu');
  });

  test('every parent hands its controllers on, and the group is set in one folder', () => {
    const cgroups = openCgroups(root, 2);
    cgroups.put('/pods/a', { cpuShares: 1024, cpuQuota: 1000, memoryLimitBytes: 5 });
    assert.equal(text('cgroup.subtree_control'), 'cpu memory pids');
    assert.equal(text('pods/cgroup.subtree_control'), '+pids', 'each in a write of its own, the last one is seen here');
    assert.equal(text('pods/a/cpu.weight'), '100');
    assert.equal(text('pods/a/cpu.max'), '1000 100000');
    assert.equal(text('pods/a/memory.max'), '5');
    assert.equal(cgroups.exists('/pods/a'), true);
    assert.equal(cgroups.file('memory', '/pods/a', 'memory.events'), path.join(root, 'pods/a/memory.events'));
  });

  test('usage is what the files of the group say', () => {
    put('pods/cpu.stat', 'usage_usec 12\nuser_usec 3\n');
    put('pods/memory.current', '1000\n');
    put('pods/memory.stat', 'anon 400\ninactive_file 100\npgfault 7\npgmajfault 1\n');
    put('pods/pids.current', '4\n');
    assert.deepEqual(openCgroups(root, 2).usage('/pods'), {
      cpu: { usageNanoseconds: 12_000 },
      memory: { usageBytes: 1000, workingSetBytes: 900, rssBytes: 400, pageFaults: 7, majorPageFaults: 1 },
      processes: 4,
    });
    assert.equal(openCgroups(root, 2).usage('/none'), undefined);
  });

  test('how long its tasks had to wait, where the kernel accounts for it', () => {
    put('pods/pids.current', '1\n');
    put(
      'pods/cpu.pressure',
      'some avg10=53.37 avg60=76.52 avg300=73.06 total=22586\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    );
    put(
      'pods/io.pressure',
      'some avg10=0.00 avg60=0.00 avg300=0.00 total=3\nfull avg10=1.50 avg60=0.00 avg300=0.00 total=2\n',
    );
    const nothing = { total: 0, avg10: 0, avg60: 0, avg300: 0 };
    assert.deepEqual(openCgroups(root, 2).usage('/pods'), {
      processes: 1,
      pressure: {
        cpu: { some: { total: 22_586_000, avg10: 53.37, avg60: 76.52, avg300: 73.06 }, full: nothing },
        io: { some: { ...nothing, total: 3000 }, full: { ...nothing, total: 2000, avg10: 1.5 } },
      },
    });
  });

  test('a removed group is gone with the groups in it', () => {
    mkdirSync(path.join(root, 'pods/a/c1'), { recursive: true });
    openCgroups(root, 2).remove('/pods/a');
    assert.ok(!existsSync(path.join(root, 'pods/a')) && existsSync(path.join(root, 'pods')));
  });
});

describe("this host's control groups", { skip: whyNotHere() }, () => {
  test('a group is made, set, read and removed', () => {
    const cgroups = openCgroups();
    const cgroup = `/tsukube-test-${process.pid}`;
    try {
      cgroups.put(`${cgroup}/a`, {
        cpuShares: 512,
        cpuQuota: 20_000,
        memoryLimitBytes: 64 * 1024 * 1024,
        pidsLimit: 9,
      });
      const usage = cgroups.usage(`${cgroup}/a`);
      assert.deepEqual([usage?.processes, usage?.memory?.usageBytes], [0, 0]);
      assert.equal(readFileSync(cgroups.file('pids', `${cgroup}/a`, 'pids.max'), 'utf8').trim(), '9');
      cgroups.put(`${cgroup}/a`, { memoryLimitBytes: -1, cpuQuota: -1 });
    } finally {
      cgroups.remove(cgroup);
    }
    assert.equal(cgroups.exists(cgroup), false);
  });
});

/** Where version 1 has the controllers, version 2 is often mounted beside it, with what every group has. */
const UNIFIED = [CGROUP_ROOT, path.join(CGROUP_ROOT, 'unified')].find((one) =>
  existsSync(path.join(one, 'cgroup.controllers')),
);

describe("this host's hierarchy of version 2", { skip: whyNotHere() || (UNIFIED ? false : 'has none') }, () => {
  test('a group is made, read, with its processes, and removed', () => {
    const cgroups = openCgroups(UNIFIED as string, 2);
    const cgroup = `/tsukube-test-v2-${process.pid}`;
    const child = spawn('sleep', ['60']);
    try {
      cgroups.put(`${cgroup}/a`, {});
      writeFileSync(cgroups.file('', `${cgroup}/a`, 'cgroup.procs'), String(child.pid));
      assert.deepEqual(cgroups.processes(cgroup), [child.pid]);
      assert.ok((cgroups.usage(`${cgroup}/a`)?.cpu?.usageNanoseconds ?? -1) >= 0);
      assert.throws(() => cgroups.remove(cgroup), /is still in use/);
      writeFileSync(path.join(UNIFIED as string, 'cgroup.procs'), String(child.pid));
    } finally {
      child.kill('SIGKILL');
      cgroups.remove(cgroup);
    }
    assert.equal(cgroups.exists(cgroup), false);
  });
});

function whyNotHere(): string | false {
  try {
    accessSync(path.join(CGROUP_ROOT, existsSync(path.join(CGROUP_ROOT, 'cpu')) ? 'cpu' : ''), constants.W_OK);
    return process.getuid?.() === 0 ? false : 'needs root';
  } catch {
    return `needs to write to ${CGROUP_ROOT}`;
  }
}
