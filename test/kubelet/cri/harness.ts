// The runtimes that the conformance list runs over, each with how to make one and how to take it away without a trace.
import { execFileSync } from 'node:child_process';
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
import { writeTestImages } from '../../../scripts/test-images.ts';
import { systemClock } from '../../../src/clock.ts';
import { startContainerd, stopContainerd } from '../../../src/kubelet/cri/containerd-process.ts';
import { createDockerRuntime } from '../../../src/kubelet/cri/docker/driver.ts';
import { createCriRuntime } from '../../../src/kubelet/cri/grpc/driver.ts';
import { createNerdctl } from '../../../src/kubelet/cri/nerdctl/cli.ts';
import { createNerdctlRuntime } from '../../../src/kubelet/cri/nerdctl/driver.ts';
import { createImages } from '../../../src/kubelet/cri/nerdctl/images.ts';
import { PAUSE_IMAGE, pauseArchive } from '../../../src/kubelet/cri/pause.ts';
import { createPodLogs } from '../../../src/kubelet/cri/pod-logs.ts';
import { createPodmanRuntime } from '../../../src/kubelet/cri/podman/driver.ts';
import type { Runtime } from '../../../src/kubelet/cri/runtime.ts';
import { createSimulatedRuntime } from '../../../src/kubelet/cri/simulated/runtime.ts';
import type { Component } from '../../../src/lifecycle.ts';
import { silentLogger } from '../../../src/log.ts';
import { createCniNetwork, DEFAULT_CNI_BIN_DIRS } from '../../../src/network/cni.ts';
import { createLedger } from '../../../src/network/host-ledger.ts';

export interface Harness {
  runtime: Runtime;
  /** nerdctl's command line over the same containerd; undefined without one. */
  nerdctl?: (args: readonly string[]) => readonly string[];
  /** containerd's socket; undefined without one. */
  address?: string;
  /** Its data and run directory. */
  directories?: { dataDir: string; runDir: string };
  /** Pid of the containerd of its own; undefined without one. */
  containerdPid(): number | undefined;
  /** A second runtime over the same containers, as after a restart of the server; the first one is stopped. */
  restart(): Promise<Runtime>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Folder of registry settings. */
  registries?: string;
}

export interface Subject {
  name: string;
  /** Why it cannot run here. */
  unavailable: string | undefined;
  open(options?: OpenOptions): Promise<Harness>;
}

/** In the name of everything a test of this process makes: others may test on the same host. */
const MARK = `tr${process.pid}`;
const SUBNET = `10.97.${process.pid % 256}.0/24`;

const IMAGE = 'docker.io/library/busybox:1.36';
const nerdctl = process.env.TSUKUBE_NERDCTL ?? 'nerdctl';

export const subjects: readonly Subject[] = [
  { name: 'simulated', unavailable: undefined, open: openSimulated },
  { name: 'nerdctl', unavailable: whyNoNerdctl(), open: openNerdctl },
  { name: 'CRI of containerd', unavailable: whyNoNerdctl(), open: openCri },
  { name: 'podman', unavailable: whyNot(['podman', 'conmon', 'runc', 'unshare', 'iptables']), open: openPodman },
  { name: 'docker', unavailable: whyNoDocker(), open: openDocker },
];

async function openSimulated(): Promise<Harness> {
  const runtime = createSimulatedRuntime({
    clock: systemClock,
    script: {
      images: [{ reference: IMAGE }],
      container: ({ command = [] }) => ({
        ...(command[0] === 'nope' ? { startError: 'exec: "nope": executable file not found in $PATH' } : {}),
        ...(command.join(' ') === 'sh -c exit 3' ? { exitAfterMs: 5, exitCode: 3 } : {}),
        ...(command.join(' ').includes('exit 5') ? { stopExitCode: 5 } : {}),
        ...(command[0] === 'sleep' ? { stopLatencyMs: Number.POSITIVE_INFINITY } : {}),
        stats: () => ({
          cpu: { usageNanoseconds: 1_000_000 },
          memory: { usageBytes: 3_000_000, workingSetBytes: 2_000_000, rssBytes: 1, pageFaults: 1, majorPageFaults: 0 },
          processes: 2,
          writableLayer: { usedBytes: 200_000, inodesUsed: 1 },
        }),
        exec: ([program, , text = '']) =>
          program === 'sleep'
            ? { exitCode: 0, latencyMs: 5_000 }
            : { exitCode: Number(/exit (\d+)/.exec(text)?.[1] ?? 0), stdout: 'out\n', stderr: 'err\n' },
      }),
    },
  });
  return { runtime, containerdPid: () => undefined, restart: async () => runtime, close: async () => {} };
}

/** What is the same for all that run over a containerd of their own. */
function containerdBed() {
  const directory = mkdtempSync(path.join(os.tmpdir(), `${MARK}-`));
  const base = {
    dataDir: path.join(directory, 'data'),
    runDir: path.join(directory, 'run'),
    clock: systemClock,
    log: silentLogger,
  };
  const confDir = path.join(directory, 'net.d');
  mkdirSync(confDir);
  writeFileSync(path.join(confDir, '10-test.conflist'), conflist(MARK, path.join(base.runDir, 'ipam')));
  const ledger = createLedger(path.join(base.dataDir, 'ledger.json'));
  const network = createCniNetwork({
    binDirs: DEFAULT_CNI_BIN_DIRS,
    confDir,
    podCIDR: SUBNET,
    runDir: base.runDir,
    ledger,
    log: silentLogger,
  });
  return { directory, base, confDir, ledger, network };
}

type Bed = ReturnType<typeof containerdBed>;

async function harnessOf(
  bed: Bed,
  options: {
    address: string;
    registries: string | undefined;
    make(): Runtime & Component;
    startContainerd(): Promise<void>;
  },
): Promise<Harness> {
  const { directory, base, ledger } = bed;
  const { make, address, registries } = options;
  let runtime = make();
  const close = async () => {
    for (const sandbox of await runtime.listSandboxes()) await runtime.removeSandbox(sandbox.id);
    await runtime.stop();
    await stopContainerd(base);
    const remaining = await ledger.undoAll();
    rmSync(directory, { recursive: true, force: true });
    if (remaining.length > 0) throw new Error(`left on the host: ${JSON.stringify(remaining)}`);
  };
  try {
    await bed.network.start();
    await runtime.start();
    const [busybox] = writeTestImages(path.join(directory, 'images'));
    await runtime.loadImages(busybox as string);
  } catch (cause) {
    await runtime.stop();
    await stopContainerd(base);
    throw cause;
  }
  return {
    get runtime() {
      return runtime;
    },
    nerdctl: createNerdctl({ binary: nerdctl, address, dataRoot: path.join(base.dataDir, 'nerdctl'), registries }).argv,
    ...(address === '' ? {} : { address }),
    directories: base,
    containerdPid() {
      const file = path.join(base.runDir, 'containerd', 'containerd.pid');
      return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid;
    },
    async restart() {
      await runtime.stop();
      await options.startContainerd(); // as the server does, should it have ended
      runtime = make();
      await runtime.start();
      return runtime;
    },
    close,
  };
}

async function openNerdctl({ registries }: OpenOptions = {}): Promise<Harness> {
  const bed = containerdBed();
  const { base, network, ledger } = bed;
  const { address } = await startContainerd(base);
  const reviveContainerd = async () => void (await startContainerd(base));
  const logs = createPodLogs(path.join(bed.directory, 'pods'));
  const parts = { program: nerdctl, address, reviveContainerd, network, ledger, cgroup: MARK, registries, logs };
  const make = () => createNerdctlRuntime({ ...base, ...parts });
  return harnessOf(bed, { address, registries, make, startContainerd: reviveContainerd });
}

async function openPodman({ registries }: OpenOptions = {}): Promise<Harness> {
  const bed = containerdBed();
  const { base, network, ledger } = bed;
  const logs = createPodLogs(path.join(bed.directory, 'pods'));
  const parts = { program: 'podman', network, ledger, cgroup: MARK, registries, logs };
  return harnessOf(bed, {
    address: '',
    registries,
    make: () => createPodmanRuntime({ ...base, ...parts }),
    startContainerd: async () => {},
  });
}

/** The engine is chosen as docker itself does, by DOCKER_HOST. */
async function openDocker({ registries }: OpenOptions = {}): Promise<Harness> {
  const bed = containerdBed();
  const { base, network, ledger } = bed;
  const logs = createPodLogs(path.join(bed.directory, 'pods'));
  const parts = { program: 'docker', network, ledger, cgroup: MARK, registries, logs };
  return harnessOf(bed, {
    address: '',
    registries,
    make: () => createDockerRuntime({ ...base, ...parts }),
    startContainerd: async () => {},
  });
}

async function openCri({ registries }: OpenOptions = {}): Promise<Harness> {
  const bed = containerdBed();
  const { base } = bed;
  const cri = {
    sandboxImage: PAUSE_IMAGE,
    cniConfDir: bed.confDir,
    cniBinDir: DEFAULT_CNI_BIN_DIRS.find((folder) => existsSync(path.join(folder, 'bridge'))) ?? '',
    registries: registries ?? path.join(bed.directory, 'registries'),
    restrictOomScoreAdj: true,
  };
  const revive = async () => void (await startContainerd({ ...base, cri }));
  const { address } = await startContainerd({ ...base, cri });
  const { loadImages } = createImages(
    createNerdctl({ binary: nerdctl, address, dataRoot: path.join(base.dataDir, 'nerdctl'), registries }),
    { logins: path.join(base.runDir, 'logins') },
  );
  const pause = path.join(bed.directory, 'pause.tar');
  writeFileSync(pause, pauseArchive());
  await loadImages(pause);
  bed.ledger.record({ kind: 'cgroup', path: MARK });
  for (const folder of ['/var/lib/cni', '/var/lib/cni/results']) {
    if (!existsSync(folder)) bed.ledger.record({ kind: 'empty-folder', path: folder });
  }
  return harnessOf(bed, {
    address,
    registries,
    startContainerd: revive,
    make: () =>
      createCriRuntime({
        path: address,
        logs: createPodLogs(path.join(bed.directory, 'pods')),
        cgroup: MARK,
        instance: MARK,
        host: { minOomScoreAdj: 0, accountsSwap: false },
        loadImages,
        revive,
        clock: systemClock,
        log: silentLogger,
      }),
  });
}

function conflist(bridge: string, dataDir: string): string {
  const ipam = { type: 'host-local', ranges: [[{ subnet: SUBNET }]], routes: [{ dst: '0.0.0.0/0' }], dataDir };
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: bridge,
    plugins: [{ type: 'bridge', bridge, isGateway: true, ipMasq: true, hairpinMode: true, ipam }],
  });
}

function whyNoNerdctl(): string | undefined {
  return whyNot([nerdctl, 'containerd', 'runc', 'unshare', 'iptables']);
}

/** The command alone is not enough: an engine has to answer it. */
function whyNoDocker(): string | undefined {
  const lacking = whyNot(['docker', 'runc', 'iptables']);
  if (lacking) return lacking;
  try {
    execFileSync('docker', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs an engine of docker (DOCKER_HOST)';
  }
}

function whyNot(programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of programs) {
    if (!onPath(program)) return `needs ${program}`;
  }
  return undefined;
}

export function onPath(program: string): boolean {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(':');
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a test could leave behind on the host, as sorted lines. */
export function hostSnapshot(): string[] {
  const lines = (program: string, ...args: string[]) =>
    execFileSync(program, args, { encoding: 'utf8' }).split('\n').filter(Boolean);
  const mounts = lines('cat', '/proc/self/mounts').filter((line) => line.includes(`/${MARK}-`));
  const links = lines('ip', '-o', 'link').map((line) => line.split(': ')[1]?.split('@')[0] ?? line);
  const rules = lines('iptables-save').filter((line) => line.startsWith('-A') && line.includes(MARK));
  const processes = lines('ps', '-eo', 'args').filter((line) => line.includes(`/${MARK}-`) && !line.includes('ps -eo'));
  return [...mounts, ...links.filter((link) => link.startsWith(MARK)), ...rules, ...processes].sort();
}
