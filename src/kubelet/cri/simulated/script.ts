// What a simulated container does, decided when it starts: a value, or a function of the container, so that a test
// or a simulation can say anything about anyone.
import type { ContainerConfig, ContainerStats, ImageFilesystem, ImageStatus, SandboxConfig } from '../runtime.ts';

export interface ContainerScript {
  /** Milliseconds from start to running; default 0. */
  startLatencyMs?: number;
  /** Milliseconds from running to its own end; absent: it runs until it is stopped. */
  exitAfterMs?: number;
  /** Of its own end; default 0. */
  exitCode?: number;
  /** Its own end is the kernel's OOM killer (exit code 137). */
  oom?: boolean;
  /** It cannot be started; the words are the error's. */
  startError?: string;
  /** Milliseconds it takes to end after the stop signal; Infinity ignores it. Default 0. */
  stopLatencyMs?: number;
  /** Exit code after the stop signal; default 0 for a handled signal. */
  stopExitCode?: number;
  /** Answers exec and execSync; default exit 0 without output. */
  exec?(command: readonly string[]): { exitCode: number; stdout?: string; stderr?: string; latencyMs?: number };
  /** What it uses while it runs; default nothing. */
  stats?(): Partial<Omit<ContainerStats, 'id' | 'at'>>;
}

export interface SimulatedImage {
  reference: string;
  /** Milliseconds a pull takes; default 0. */
  pullMs?: number;
  /** A pull fails with these words (ErrImagePull). */
  pullError?: string;
  /** A pull with another password, or none, fails. */
  password?: string;
  /** Present from the start; default true. */
  present?: boolean;
  status?: Partial<ImageStatus>;
}

/** Operations that a fault can hit. */
export type Operation =
  | 'runSandbox'
  | 'stopSandbox'
  | 'removeSandbox'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'updateContainer'
  | 'removeImage'
  | 'execSync'
  | 'pullImage'
  | 'imageStatus';

export interface Script {
  container?: (config: ContainerConfig, sandbox: SandboxConfig) => ContainerScript;
  images?: readonly SimulatedImage[];
  /** Default /, with the sum of the images' sizes. */
  imageFilesystem?: () => ImageFilesystem;
  /** Milliseconds a sandbox takes; default 0. */
  sandboxLatencyMs?: number;
  /** Every operation fails with this probability (0 to 1), drawn from the seed; default 0. */
  failureRate?: Partial<Record<Operation, number>>;
}

/** mulberry32: a small seeded generator, uniform enough for faults. https://github.com/bryc/code jshash/PRNGs.md */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
