// Priority and fairness: each request takes seats of its priority level while it is worked on, or waits in the queue of
// its flow until there are some, so that no client keeps others from being served. FlowSchemas and
// PriorityLevelConfigurations are followed as they change; the mandatory ones hold when there are none.
import { flowControlFacts } from '../../api/facts.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../api/resources.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol/v1.ts';
import { type StatusError, tooManyRequests } from '../../apimachinery/status-error.ts';
import type { Clock, Timer } from '../../clock.ts';
import type { Attributes } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import type { ApiRequest } from '../request.ts';
import { classify, flowOf, inOrder } from './classify.ts';
import { FairQueues } from './fair-queues.ts';
import { hasRoom, type Share, shareOut, type Use } from './seats.ts';

/** --max-requests-inflight and --max-mutating-requests-inflight of kube-apiserver, 400 + 200. */
const SEATS = 600;
/** A quarter of the request timeout of 60 s (server/filters/priority-and-fairness.go). */
const WAIT_MS = 15_000;
const RETRY_AFTER_SECONDS = 1;

/** A request at work; release() gives its seats to the next. */
export interface Ticket {
  readonly flowSchemaUid: string;
  readonly priorityLevelUid: string;
  release(): void;
}

export interface FlowControl {
  /** Rejects with 429 when the queue is full or the wait too long, and with the signal's reason when the caller left. */
  enter(
    attributes: Attributes,
    request: { width: number; caller: Pick<ApiRequest, 'signal'> },
  ): Ticket | Promise<Ticket>;
  /** For metrics. */
  levels(): Iterable<Level>;
  close(): void;
}

interface Waiter {
  readonly width: number;
  readonly start: () => void;
}

export interface Level extends Use {
  readonly name: string;
  uid: string;
  queues: FairQueues<Waiter> | undefined;
  /** Requests at work, whatever their seats. */
  executing: number;
  dispatched: number;
  readonly rejected: { 'queue-full': number; 'concurrency-limit': number; 'time-out': number; cancelled: number };
}

export function createFlowControl(options: { reader: ObjectReader; clock: Clock; seats?: number }): FlowControl {
  const { reader, clock, seats = SEATS } = options;
  const levels = new Map<string, Level>();
  let schemas: FlowSchema[] = [];
  let stale = true;
  let dispatching = false;
  const changed = () => {
    stale = true;
  };
  const stops = [reader.subscribe(flowSchemas, changed), reader.subscribe(priorityLevelConfigurations, changed)];

  /** Objects come seldom, requests often: what is derived from the objects is derived at the first request after. */
  function refresh(): void {
    stale = false;
    const facts = flowControlFacts();
    schemas = inOrder(withMandatory(reader.list<FlowSchema>(flowSchemas), facts.fsMandatory as FlowSchema[]));
    const configured = withMandatory(
      reader.list<PriorityLevelConfiguration>(priorityLevelConfigurations),
      facts.plcMandatory as PriorityLevelConfiguration[],
    );
    const shares = shareOut(configured, seats);
    for (const config of configured) {
      const name = config.metadata.name as string;
      configure(name, config, shares.get(name) as Share);
    }
    for (const level of levels.values()) {
      if (!shares.has(level.name)) retire(level);
    }
  }

  function configure(name: string, { metadata, spec }: PriorityLevelConfiguration, share: Share): void {
    const { limitResponse } = spec.limited ?? {};
    const queuing = limitResponse?.type === 'Queue' ? limitResponse.queuing : undefined;
    const level = levels.get(name) ?? newLevel(name);
    Object.assign(level, share, { uid: metadata.uid ?? '' });
    if (JSON.stringify(level.queues?.config) !== JSON.stringify(queuing)) {
      const { queues } = level;
      level.queues = queuing && new FairQueues(queuing);
      if (queues) drain(queues); // who waited by the old rules waits no longer
    }
    levels.set(name, level);
  }

  /** Nobody comes to a level that is gone, and who waits there goes on. */
  function retire(level: Level): void {
    levels.delete(level.name);
    if (level.queues) drain(level.queues);
  }

  function take(level: Level, schema: FlowSchema, width: number): Ticket {
    level.inUse += width;
    level.executing++;
    level.dispatched++;
    let held = true;
    return {
      flowSchemaUid: schema.metadata.uid ?? '',
      priorityLevelUid: level.uid,
      release() {
        if (!held) return;
        held = false;
        level.inUse -= width;
        level.executing--;
        dispatchSoon();
      },
    };
  }

  /**
   * One of each level in a turn of the event loop: a request may be worked on without ever waiting for anything, and
   * one after another of them would keep the connections of all other clients from being read.
   */
  function dispatchSoon(): void {
    if (dispatching || !levels.values().some(mayStart)) return;
    dispatching = true;
    setImmediate(() => {
      dispatching = false;
      for (const level of levels.values()) if (mayStart(level)) level.queues?.shift()?.start();
      dispatchSoon();
    });
  }

  function mayStart(level: Level): boolean {
    const next = level.queues?.peek();
    return next !== undefined && hasRoom(level, next.width, levels.values());
  }

  function wait(
    level: Level,
    {
      schema,
      attributes,
      width,
      signal,
    }: { schema: FlowSchema; attributes: Attributes; width: number; signal: AbortSignal },
  ): Promise<Ticket> {
    const { queues } = level;
    if (!queues) return Promise.reject(refuse(level, 'concurrency-limit'));
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const leave = () => {
        timer?.cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        leave();
        queues.remove(waiter);
        level.rejected.cancelled++;
        reject(signal.reason);
      };
      const waiter: Waiter = {
        width,
        start() {
          leave();
          resolve(take(level, schema, width));
        },
      };
      const flow = `${schema.metadata.name}\n${flowOf(schema, attributes)}`;
      if (!queues.push(waiter, flow)) return reject(refuse(level, 'queue-full'));
      signal.addEventListener('abort', onAbort, { once: true });
      timer = clock.after(WAIT_MS, () => {
        leave();
        queues.remove(waiter);
        reject(refuse(level, 'time-out'));
      });
    });
  }

  return {
    enter(attributes, { width, caller }) {
      if (stale) refresh();
      // The mandatory schema "catch-all" takes what no other does.
      const schema = (classify(schemas, attributes) ?? schemas.at(-1)) as FlowSchema;
      const level = (levels.get(schema.spec.priorityLevelConfiguration.name) ?? levels.get('catch-all')) as Level;
      // Whoever comes while others wait is not let past them.
      const free = (level.queues?.size ?? 0) === 0 && hasRoom(level, width, levels.values());
      return free ? take(level, schema, width) : wait(level, { schema, attributes, width, signal: caller.signal });
    },
    levels() {
      if (stale) refresh();
      return levels.values();
    },
    close() {
      for (const stop of stops) stop();
      for (const level of levels.values()) retire(level);
    },
  };
}

/** `objects`, and those of `mandatory` that are missing among them. */
const withMandatory = <T extends { metadata: { name?: string } }>(
  objects: readonly T[],
  mandatory: readonly T[],
): T[] => [
  ...objects,
  ...mandatory.filter(({ metadata }) => !objects.some((object) => object.metadata.name === metadata.name)),
];

const newLevel = (name: string): Level => ({
  name,
  uid: '',
  exempt: false,
  nominal: 0,
  lendable: 0,
  borrowing: 0,
  inUse: 0,
  queues: undefined,
  executing: 0,
  dispatched: 0,
  rejected: { 'queue-full': 0, 'concurrency-limit': 0, 'time-out': 0, cancelled: 0 },
});

function drain(queues: FairQueues<Waiter>): void {
  for (let next = queues.shift(); next; next = queues.shift()) next.start();
}

function refuse(level: Level, why: keyof Level['rejected']): StatusError {
  level.rejected[why]++;
  return tooManyRequests('Too many requests, please try again later.', RETRY_AFTER_SECONDS);
}
