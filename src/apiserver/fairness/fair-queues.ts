// The queues of one priority level. A flow is dealt a few of them by its hash and waits in the shortest, so that a flow that
// fills its own rarely fills all of another's (shuffle sharding); the queues are served by start-time fair queuing, so
// that each gets the same share of seats however long it is (KEP-1040, "Fair Queuing for Server Requests").
import { createHash } from 'node:crypto';
import type { QueuingConfiguration } from '../../api/types/flowcontrol/v1.ts';

export interface Waiting {
  /** Seats it takes when it runs. */
  readonly width: number;
}

interface Queue<T> {
  readonly waiting: T[];
  /** Seats dispatched from it so far, in the level's virtual time: the queue that is least ahead goes next. */
  virtualStart: number;
}

export class FairQueues<T extends Waiting> {
  readonly config: QueuingConfiguration;
  #queues: Queue<T>[];
  #virtualNow = 0;
  #size = 0;

  constructor(config: QueuingConfiguration) {
    this.config = config;
    this.#queues = Array.from({ length: config.queues }, () => ({ waiting: [], virtualStart: 0 }));
  }

  get size(): number {
    return this.#size;
  }

  /** How many of them somebody waits in. */
  get active(): number {
    return this.#queues.filter(({ waiting }) => waiting.length > 0).length;
  }

  /** False when the queue that `flow` would wait in is full. */
  push(waiting: T, flow: string): boolean {
    const hand = dealHand(flow, this.config).map((i) => this.#queues[i] as Queue<T>);
    const queue = hand.reduce((shortest, each) => (seats(each) < seats(shortest) ? each : shortest));
    if (queue.waiting.length >= this.config.queueLengthLimit) return false;
    // A queue that was idle has no claim on the time in which it asked for nothing.
    if (queue.waiting.length === 0) queue.virtualStart = Math.max(queue.virtualStart, this.#virtualNow);
    queue.waiting.push(waiting);
    this.#size++;
    return true;
  }

  /** The one whose turn it is; it stays where it is. */
  peek(): T | undefined {
    return this.#next()?.waiting[0];
  }

  /** Takes out the one whose turn it is. */
  shift(): T | undefined {
    const queue = this.#next();
    const waiting = queue?.waiting.shift();
    if (!queue || !waiting) return undefined;
    this.#size--;
    this.#virtualNow = queue.virtualStart;
    queue.virtualStart += waiting.width;
    return waiting;
  }

  /** Takes out one that waits no longer; false when it is not there. */
  remove(waiting: T): boolean {
    for (const queue of this.#queues) {
      const at = queue.waiting.indexOf(waiting);
      if (at < 0) continue;
      queue.waiting.splice(at, 1);
      this.#size--;
      return true;
    }
    return false;
  }

  #next(): Queue<T> | undefined {
    if (this.#size === 0) return undefined; // asked after every request
    let next: Queue<T> | undefined;
    for (const queue of this.#queues) {
      if (queue.waiting.length > 0 && (!next || queue.virtualStart < next.virtualStart)) next = queue;
    }
    return next;
  }
}

const seats = ({ waiting }: Queue<Waiting>): number => waiting.reduce((sum, { width }) => sum + width, 0);

/** `handSize` different queues of `queues`, by the hash of the flow. */
export function dealHand(flow: string, { queues, handSize }: QueuingConfiguration): number[] {
  let hash = createHash('sha256').update(flow).digest().readBigUInt64LE();
  const deck = Array.from({ length: queues }, (_, i) => i);
  return Array.from({ length: Math.min(handSize, queues) }, (_, dealt) => {
    const left = BigInt(queues - dealt);
    const [card] = deck.splice(Number(hash % left), 1);
    hash /= left;
    return card as number;
  });
}
