// What an administrator may set of a node's resources, under upstream's names (kubelet.config.k8s.io/v1beta1) and with
// its defaults; a default that differs says why.
import type { EvictionSettings } from '../eviction/eviction-manager.ts';
import { DEFAULT_EVICTION_HARD, thresholdsOf } from '../eviction/thresholds.ts';

/** Amounts by cpu, memory, ephemeral-storage and pid, kept from pods. */
export type Reservation = Readonly<Record<string, string>>;

export interface ImageCollectionSettings {
  /** Above this much of the file system in use, in percent, unused images go until it is `lowPercent`; 100: never. */
  highPercent: number;
  lowPercent: number;
  /** An image that was unused for less is left alone. */
  minAgeMs: number;
  /** One that was unused for longer goes whatever room there is; 0: none does. */
  maxAgeMs: number;
}

export interface ShutdownSettings {
  /** What all pods get to end when the machine goes down; 0: nothing is done. */
  graceMs: number;
  /** How much of it is kept for critical pods. */
  criticalMs: number;
}

export interface NodeSettings {
  maxPods: number;
  /** Processes and threads of one pod; -1 for as many as the node has. */
  podPidsLimit: number;
  kubeReserved: Reservation;
  systemReserved: Reservation;
  eviction: EvictionSettings;
  images: ImageCollectionSettings;
  shutdown: ShutdownSettings;
}

export const DEFAULT_NODE_SETTINGS: NodeSettings = {
  maxPods: 110,
  // Upstream has no limit: there one pod that forks without end takes all processes of the node.
  podPidsLimit: 4096,
  kubeReserved: {},
  systemReserved: {},
  eviction: {
    thresholds: thresholdsOf({ hard: DEFAULT_EVICTION_HARD }),
    pressureTransitionMs: 5 * 60_000,
    maxPodGraceSeconds: 0,
  },
  images: { highPercent: 85, lowPercent: 80, minAgeMs: 2 * 60_000, maxAgeMs: 0 },
  shutdown: { graceMs: 0, criticalMs: 0 },
};
