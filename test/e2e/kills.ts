// Kills of the server, of containerd and of shims, one or two of them at once, at any moment of the lives of pods of several
// kinds. After each, every pod is to be as it was asked for, with no container started more often than it had to be; in the
// end nothing of any of them is to be left.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { instanceOf } from '../../src/daemon/instance.ts';
import { run } from '../../src/exec.ts';
import { seededRandom } from '../../src/kubelet/cri/simulated/script.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster } from './cluster.ts';
import { processes, processesWith } from './host-state.ts';
import { KINDS, type Kind, podOf, wordsOf } from './kill-pods.ts';

const NAMESPACE = 'kills';
const SETTLING_MS = 90_000;

/** Of the host's processes; gone ones have none. */
function procFile(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended with another
  }
}

const below = (...parts: string[]): string[] => {
  const folder = path.join(...parts);
  return existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
};

/** All that pods take of the host and of the cluster's folders, as lines. */
export async function takenBy(cluster: Cluster): Promise<string[]> {
  const { folder, dataDir } = cluster;
  const runDir = path.join(folder, 'run');
  const { bridge, cgroup } = instanceOf(dataDir);
  const { stdout: links } = await run(['ip', '-oneline', 'link']);
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const addresses = below(runDir, 'cni/ipam/tsukube').filter((file) => /\/[\d.]+$/.test(file));
  const controllers = readdirSync('/sys/fs/cgroup');
  return [
    ...['runtime/sandboxes', 'runtime/tty', 'runtime/exec', 'cni/results'].flatMap((name) => below(runDir, name)),
    ...addresses,
    ...below(dataDir, 'kubelet/pods'),
    ...below(dataDir, 'nerdctl').filter((file) => /\/[0-9a-f]{12}$/.test(file)), // a container's; others are all containers'
    ...below(runDir, 'containerd/state/io.containerd.runtime.v2.task/k8s.io'),
    ...below('/var/log/pods').filter((file) => path.basename(file).startsWith(`${NAMESPACE}_`)),
    ...below('/var/log/containers').filter((file) => path.basename(file).includes(`_${NAMESPACE}_`)),
    ...links
      .split('\n')
      .filter((line) => line.includes(` master ${bridge} `))
      .map((line) => `link ${line.split(/[\s@:]+/)[1]}`),
    ...mounts.filter((line) => line.split(' ')[1]?.startsWith(`${folder}/`)),
    ...controllers.flatMap((controller) =>
      ['', 'kubepods', 'kubepods/besteffort', 'kubepods/burstable'].flatMap((parent) =>
        below('/sys/fs/cgroup', controller, cgroup, parent).filter((file) => /\/pod[0-9a-f-]{36}$/.test(file)),
      ),
    ),
    ...processes(folder).filter((line) => line.includes('shim')),
  ];
}

export interface KillRun {
  seed: number;
  rounds: number;
  log(line: string): void;
}

interface Seen {
  containerId: string;
  restarts: number;
  starts: number;
}

const statusesOf = ({ status }: Pod) => [
  ...(status?.containerStatuses ?? []),
  ...(status?.initContainerStatuses ?? []),
];

const toldOf = (pod: Pod): string => {
  const { name, deletionTimestamp } = pod.metadata;
  const of = statusesOf(pod).map(
    (one) => `${one.name} ${one.ready ? 'ready' : 'not ready'} ${JSON.stringify(one.state)}`,
  );
  return [`${name} ${pod.status?.phase}`, ...(deletionTimestamp ? [`deleted ${deletionTimestamp}`] : []), ...of].join(
    ', ',
  );
};

/** Throws with what is wrong. */
export async function killAtRandom(cluster: Cluster, { seed, rounds, log }: KillRun): Promise<void> {
  const { kubectl } = cluster;
  const random = seededRandom(seed);
  const among = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const ids = path.join(cluster.folder, 'ids');
  mkdirSync(ids, { recursive: true });
  const starts = (word: string): number =>
    existsSync(path.join(ids, word)) ? readFileSync(path.join(ids, word), 'utf8').split('\n').length - 1 : 0;
  const pods = async () => (await kubectl.json<{ items: Pod[] }>('get', 'pods', '-n', NAMESPACE)).items;
  const create = (name: string, kind: Kind) =>
    kubectl.withInput(JSON.stringify(podOf(name, kind, { namespace: NAMESPACE, ids })), 'create', '-f', '-');
  const remove = (name: string) => kubectl('delete', 'pod', '-n', NAMESPACE, name, '--wait=false');

  const wanted = new Map<string, Kind>(KINDS.map((kind) => [kind, kind]));
  const before = await takenBy(cluster);
  await kubectl('create', 'namespace', NAMESPACE);
  await eventually('the account of the namespace', () => kubectl('get', 'serviceaccount', 'default', '-n', NAMESPACE));

  const isSettled = (pod: Pod): boolean => {
    const { metadata, status, spec } = pod;
    if (metadata.deletionTimestamp) return false;
    if (spec?.restartPolicy === 'Never') return status?.phase === 'Succeeded';
    return status?.phase === 'Running' && statusesOf(pod).every((one) => one.ready);
  };
  /** What has just lost its process may be told as running for a moment. */
  const runs = ({ metadata, spec }: Pod): boolean =>
    spec?.restartPolicy === 'Never' ||
    wordsOf(metadata.name as string, wanted.get(metadata.name as string) as Kind).every(
      (word) => processesWith(word) > 0,
    );
  /** `lost`: containers that cannot run any more, though some process of theirs still may, and their status tell so. */
  const settled = (lost: readonly string[] = []) =>
    eventually(
      'every pod is as it is asked for',
      async () => {
        const now = await pods();
        const isLost = (pod: Pod) =>
          statusesOf(pod).some((one) => one.state?.running && lost.includes(one.containerID?.split('://')[1] ?? ''));
        const bad = now.filter(
          (pod) => !wanted.has(pod.metadata.name ?? '') || !isSettled(pod) || !runs(pod) || isLost(pod),
        );
        if (now.length === wanted.size && bad.length === 0) return now;
        throw new Error(`${now.length} of ${wanted.size} pods; not settled: ${bad.map(toldOf).join('; ')}`);
      },
      { timeoutMs: SETTLING_MS, everyMs: 300 },
    );

  /** By pod and container. */
  function look(now: readonly Pod[]): Map<string, Seen> {
    return new Map(
      now.flatMap((pod) =>
        statusesOf(pod).map((one) => {
          const word = `${pod.metadata.name}.${one.name}`;
          return [word, { containerId: one.containerID ?? '', restarts: one.restartCount, starts: starts(word) }];
        }),
      ),
    );
  }

  /** What the processes of this shim belong to: uids of pods and ids of containers. */
  function inShim(shim: number): { pods: string[]; containers: string[] } {
    const groups = readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && new RegExp(`^PPid:\t${shim}$`, 'm').test(procFile(pid, 'status')))
      .map((pid) => procFile(pid, 'cgroup'));
    return {
      pods: groups.flatMap((text) => /pod([0-9a-f]{8}[0-9a-f_-]{28})/.exec(text)?.[1]?.replaceAll('_', '-') ?? []),
      containers: groups.flatMap((text) => /[0-9a-f]{64}/.exec(text)?.[0] ?? []),
    };
  }

  /** Kills what is named at once; resolves with the pods and containers that are hit by it. */
  async function strike(victims: readonly string[]): Promise<ReturnType<typeof inShim>> {
    const shims = processes(cluster.folder).filter((line) => line.includes('shim'));
    const shim = Number(shims.length > 0 ? among(shims).split(' ')[1] : 0);
    const hit = victims.includes('shim') && shim ? inShim(shim) : { pods: [], containers: [] };
    const file = path.join(cluster.folder, 'run/containerd/containerd.pid');
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
    if (victims.includes('shim') && shim) kill(shim);
    if (victims.includes('containerd')) kill(pid);
    if (victims.includes('server')) {
      await cluster.end('SIGKILL');
      await cluster.start();
    }
    return hit;
  }

  await Promise.all([...wanted].map(([name, kind]) => create(name, kind)));
  let known = await settled();
  let seen = look(known);
  let last: string | undefined;
  /** By the round before: a pod that lost what holds its namespaces is told as it was for a moment, and made anew then. */
  let hitBefore: readonly string[] = [];

  for (let round = 1; round <= rounds; round++) {
    const made = `made-${round}`;
    const kind = among(KINDS.filter((one) => one !== 'port')); // whose host port is taken
    const victims = among([
      ['server'],
      ['containerd'],
      ['shim'],
      ['server', 'containerd'],
      ['server', 'shim'],
      ['containerd', 'shim'],
    ]);
    const delay = Math.floor(random() * 1500);
    log(
      `round ${round}: ${kind} is made${last ? `, ${last} deleted` : ''}, after ${delay} ms ${victims.join(' and ')} killed`,
    );
    wanted.set(made, kind);
    await create(made, kind);
    const deleted = last;
    if (deleted) {
      wanted.delete(deleted);
      await remove(deleted);
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    const hit = await strike(victims);

    const stable = new Map(known.map(({ metadata }) => [metadata.name, metadata.uid ?? '']));
    known = await settled(hit.containers);
    const now = look(known);
    for (const [word, { containerId, restarts, starts: count }] of now) {
      const name = word.split('.')[0] as string;
      const was = seen.get(word);
      const isHit = [...hit.pods, ...hitBefore].includes(stable.get(name) ?? '');
      if (was && !isHit) {
        assert.deepEqual(
          { containerId, restarts, starts: count },
          was,
          `${word} was not to be touched (round ${round})`,
        );
      }
      const allowed = restarts + 1;
      assert.ok(
        count >= 1 && count <= allowed,
        `${word} was started ${count} times, restarted ${restarts} (round ${round})`,
      );
    }
    for (const { metadata, spec } of known) {
      const name = metadata.name as string;
      for (const word of wordsOf(name, wanted.get(name) as Kind)) {
        const expected = spec?.restartPolicy === 'Never' ? 0 : 1;
        assert.equal(processesWith(word), expected, `processes of ${word} (round ${round})`);
      }
    }
    if (deleted) {
      for (const kindOf of KINDS) {
        for (const word of wordsOf(deleted, kindOf))
          assert.equal(processesWith(word), 0, `processes of ${word}, which was deleted`);
      }
    }
    seen = now;
    last = made;
    hitBefore = hit.pods;
  }

  await kubectl('delete', 'pods', '--all', '-n', NAMESPACE, '--wait=false');
  wanted.clear();
  await settled();
  await eventually(
    'nothing is left of any pod',
    async () => {
      const left = (await takenBy(cluster)).filter((line) => !before.includes(line));
      if (left.length === 0) return true;
      throw new Error(`left:\n${left.join('\n')}`);
    },
    { timeoutMs: 30_000, everyMs: 500 },
  );
  await kubectl('delete', 'namespace', NAMESPACE);
}
