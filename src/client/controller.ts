// A controller is a value: what it watches, how events become keys, and one reconcile function of a key.
// The runner gives each its queue (deduplicated, one worker per key at a time, exponential back-off per key).
import type { ResourceType } from '../api/resource-type.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Client } from './client.ts';
import type { Informers } from './informer.ts';

export interface PolicyRule {
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
}

export interface EventRecorder {
  /** Makes or counts up an Event about `about`. Never throws; a failed write is logged. */
  event(
    about: KubeObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    /** fieldPath: a part of the object, e.g. spec.containers{web} */
    options?: { fieldPath?: string; annotations?: Readonly<Record<string, string>> },
  ): void;
}

export interface ControllerContext {
  client: Client;
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

export interface ControllerWatch<T extends KubeObject = KubeObject> {
  resource: ResourceType<T>;
  /** Keys to reconcile for a change; `old` is set on updates. */
  toKeys(object: T, context: ControllerContext, old?: T): readonly string[];
}

export interface ReconcileResult {
  /** Milliseconds after which the key is looked at again. */
  requeueAfter?: number;
}

export interface Controller {
  /** Upstream's name, e.g. 'deployment-controller'; it acts as system:serviceaccount:kube-system:<name>. */
  readonly name: string;
  /** Whom it acts as, when that is not its own service account. */
  readonly username?: string;
  readonly watches: readonly ControllerWatch<never>[];
  /** Adds indexes before anything starts. `enqueue` is for signals other than the watches. */
  setup?(context: ControllerContext, enqueue: (key: string) => void): void;
  /** Brings the world one step nearer to what is wanted for `key`. Throwing means: again, later. */
  reconcile(key: string, context: ControllerContext): Promise<ReconcileResult | undefined>;
  /** How many keys at once; default 4. */
  readonly concurrency?: number;
}

/** Lets each list be written with its own type. */
export const watchOf = <T extends KubeObject>(watch: ControllerWatch<T>): ControllerWatch<never> =>
  watch as unknown as ControllerWatch<never>;
