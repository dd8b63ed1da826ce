// nerdctl's JSON → the runtime interface's values. Its output forms are known here and nowhere else.
import path from 'node:path';
import type { TaskState } from '../containerd/tasks.ts';
import { normalizeReference } from '../image-reference.ts';
import {
  LABEL_ATTEMPT,
  LABEL_CONTAINER,
  LABEL_IMAGE,
  LABEL_IMAGE_ID,
  LABEL_LOG,
  LABEL_POD,
  LABEL_POD_NAMESPACE,
  LABEL_POD_UID,
  LABEL_SANDBOX,
} from '../labels.ts';
import type { ContainerState, ContainerStatus, ImageStatus } from '../runtime.ts';

/** What a failed start and a task that was lost (a reboot) are reported as; containerd's CRI uses the same. */
export const START_ERROR_EXIT_CODE = 128;
const UNKNOWN_EXIT_CODE = 255;

interface Inspected {
  Id: string;
  Created: string;
  State: {
    Status: string;
    ExitCode: number;
    Error: string;
    StartedAt: string;
    FinishedAt: string;
    OOMKilled?: boolean;
  };
  LogPath: string;
  Config: { Labels: Record<string, string> };
  /** 0, and for a quota -1 too, is none. */
  HostConfig?: { CpuShares?: number; CpuQuota?: number; NanoCpus?: number; Memory?: number };
}

interface InspectedImage {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Size: number;
  Config: { User?: string; Entrypoint?: string[] | null; Cmd?: string[] | null; StopSignal?: string } | null;
}

/** The containers in `nerdctl inspect`'s answer that are ours, known by their labels. */
export function parseContainers(stdout: string): ContainerStatus[] {
  return (JSON.parse(stdout) as Inspected[]).filter((c) => c.Config.Labels[LABEL_SANDBOX]).map(toStatus);
}

function toStatus(inspected: Inspected): ContainerStatus {
  const { State: state } = inspected;
  const labels = inspected.Config.Labels;
  const label = (name: string) => labels[name] ?? '';
  const createdAt = milliseconds(inspected.Created);
  return {
    id: inspected.Id,
    sandboxId: label(LABEL_SANDBOX),
    name: label(LABEL_CONTAINER),
    attempt: Number(label(LABEL_ATTEMPT)),
    pod: { namespace: label(LABEL_POD_NAMESPACE), name: label(LABEL_POD), uid: label(LABEL_POD_UID) },
    createdAt,
    ...lifeOf(state, createdAt),
    oomKilled: state.OOMKilled ?? false,
    image: label(LABEL_IMAGE),
    imageId: label(LABEL_IMAGE_ID),
    logPath: label(LABEL_LOG),
    labels,
    resources: limitsOf(inspected.HostConfig ?? {}),
  };
}

/** podman tells a quota of the usual period as billionths of a core. */
const QUOTA_PER_NANO_CPU = 1e-4;

const limitsOf = ({ CpuShares, CpuQuota, NanoCpus, Memory }: NonNullable<Inspected['HostConfig']>) => ({
  ...(CpuShares ? { cpuShares: CpuShares } : {}),
  ...(CpuQuota && CpuQuota > 0 ? { cpuQuota: CpuQuota } : {}),
  ...(NanoCpus ? { cpuQuota: NanoCpus * QUOTA_PER_NANO_CPU } : {}),
  ...(Memory ? { memoryLimitBytes: Memory } : {}),
});

type Life = Pick<ContainerStatus, 'state' | 'startedAt' | 'finishedAt' | 'exitCode' | 'message'>;

function lifeOf(state: Inspected['State'], createdAt: number): Life {
  const startedAt = milliseconds(state.StartedAt);
  const finishedAt = milliseconds(state.FinishedAt);
  if (state.Status === 'running' || state.Status === 'paused') return { state: 'running', startedAt, finishedAt: 0 };
  if (finishedAt > 0) return { state: 'exited', startedAt, finishedAt, exitCode: state.ExitCode };
  if (state.Error) {
    return {
      state: 'exited',
      startedAt: 0,
      finishedAt: createdAt,
      exitCode: START_ERROR_EXIT_CODE,
      message: state.Error,
    };
  }
  const known: ContainerState = state.Status === '' || state.Status === 'created' ? 'created' : 'unknown';
  return { state: known, startedAt, finishedAt: 0 };
}

const STATE_DIR = 'nerdctl/state-dir';

/** The file that tells when the container last started; undefined when nerdctl does not say where. */
export const lifecycleFile = ({ labels }: Pick<ContainerStatus, 'labels'>): string | undefined =>
  labels[STATE_DIR] && path.join(labels[STATE_DIR], 'lifecycle.json');

/** When it last started, out of that file's text; 0: never. */
export const parseLifecycle = (text: string): number =>
  milliseconds((JSON.parse(text) as { started_at?: string }).started_at ?? '');

/** github.com/containerd/nerdctl/v2 pkg/ocihook/state/state.go */
export const lifecycleText = (startedAt: number): string =>
  JSON.stringify({ started_at: new Date(startedAt).toISOString(), create_error: false });

export interface Exit {
  exitCode: number;
  /** Wall-clock milliseconds. */
  finishedAt: number;
}

export const exitOf = ({ exitCode = UNKNOWN_EXIT_CODE, finishedAt }: ContainerStatus): Exit => ({
  exitCode,
  finishedAt,
});

/** What became of a container that started at `startedAt`, by its task now, or by what was recorded of its end. */
export function sinceStart(
  status: ContainerStatus,
  {
    startedAt,
    task,
    exit,
    at,
  }: { startedAt: number; task?: TaskState | undefined; exit?: Exit | undefined; at: number },
): ContainerStatus {
  switch (task?.status) {
    // Its shim was killed, or the machine restarted. If that was before the end was seen, nobody knows how it ended.
    case undefined:
      return {
        ...status,
        state: 'exited',
        startedAt,
        ...(exit ?? { finishedAt: at, exitCode: UNKNOWN_EXIT_CODE }),
      };
    case 'STOPPED':
      return { ...status, state: 'exited', startedAt, finishedAt: task.exitedAt || at, exitCode: task.exitCode };
    case 'UNKNOWN':
      return { ...status, state: 'unknown', startedAt };
    case 'CREATED': // the file that tells of its start is written just before it
      return status;
    default:
      return { ...status, state: 'running', startedAt };
  }
}

/** `nerdctl image inspect`'s answer; one value per image id. */
export function parseImages(stdout: string): ImageStatus[] {
  const images = (JSON.parse(jsonArray(stdout)) as InspectedImage[]).map((image) => ({
    id: image.Id.includes(':') ? image.Id : `sha256:${image.Id}`,
    repoTags: unique(image.RepoTags ?? []).map(normalizeReference),
    repoDigests: unique(image.RepoDigests ?? []).map(normalizeReference),
    size: image.Size,
    ...(image.Config?.User ? { user: image.Config.User } : {}),
    entrypoint: image.Config?.Entrypoint ?? [],
    cmd: image.Config?.Cmd ?? [],
    ...(image.Config?.StopSignal ? { stopSignal: image.Config.StopSignal } : {}),
  }));
  return [...new Map(images.map((image) => [image.id, image])).values()];
}

/** The uncompressed layers of the image in `nerdctl image inspect`'s answer, the lowest first. */
export const parseLayers = (stdout: string): string[] =>
  (JSON.parse(jsonArray(stdout)) as { RootFS: { Layers: string[] } }[])[0]?.RootFS.Layers ?? [];

/** Names in the answer of `nerdctl image inspect --mode=native`. */
export const parseNativeNames = (stdout: string): string[] =>
  (JSON.parse(jsonArray(stdout)) as { Image: { Name: string } }[]).map(({ Image: image }) => image.Name);

/** `Untagged: NAME` a line, of `nerdctl image prune`. */
export const parsePruned = (stdout: string): string[] =>
  [...stdout.matchAll(/^Untagged: (\S+)$/gm)].map((match) => match[1] as string);

/** `Loaded image: NAME` a line. */
export function parseLoaded(stdout: string): string[] {
  return [...stdout.matchAll(/^Loaded image: (\S+)$/gm)].map((match) => normalizeReference(match[1] as string));
}

const unique = (values: readonly string[]) => [...new Set(values)];

function milliseconds(time: string): number {
  const value = Date.parse(time);
  return Number.isNaN(value) || value < 0 ? 0 : value; // Go's zero time is the year 1
}

/** `image inspect` prints what it found before it fails for what it did not. */
function jsonArray(output: string): string {
  const start = output.indexOf('[');
  const end = output.lastIndexOf('\n]');
  return start === -1 || end === -1 ? '[]' : output.slice(start, end + 2);
}

/** How much of an image has come, by the last line of what `nerdctl pull` draws, padded and cut to six characters: `total:  12.3 M`. */
export const parsePullProgress = (line: string): string | undefined =>
  /\belapsed: .*\btotal:\s+([\d.]+ ?\w*)/.exec(line)?.[1]?.trim();
