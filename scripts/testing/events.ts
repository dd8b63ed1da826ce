// A node:test reporter: one JSON line for each finished test, so that another process can count and print them.
import { inspect } from 'node:util';

/** What node:test says of a finished test, as far as it is used here. */
interface NodeEvent {
  type: string;
  data: {
    name: string;
    nesting: number;
    skip?: string | boolean;
    todo?: string | boolean;
    details?: { type?: string; error?: { failureType?: string; message?: string; cause?: unknown } };
  };
}

export interface TestEvent {
  outcome: 'passed' | 'failed' | 'skipped';
  /** With the names of the suites and tests around it. */
  name: string;
  /** Why it was skipped, or how it failed. */
  told: string;
}

export default async function* events(source: AsyncIterable<NodeEvent>): AsyncGenerator<string> {
  const inner: { name: string; nesting: number; events: TestEvent[] }[] = [];
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // Inner tests end before what they are in: they wait here until the names around them are known.
    const own: TestEvent[] = [];
    while (inner.length > 0 && (inner.at(-1)?.nesting ?? 0) > data.nesting) {
      for (const event of (inner.pop() as (typeof inner)[number]).events.toReversed()) {
        own.unshift({ ...event, name: `${data.name} > ${event.name}` });
      }
    }
    const event = toEvent(type, data);
    if (event) own.push(event);
    if (data.nesting > 0) inner.push({ name: data.name, nesting: data.nesting, events: own });
    else for (const one of own) yield `${JSON.stringify(one)}\n`;
  }
}

/** undefined for what is no test of its own: a suite, and a test that failed only because one in it did. */
function toEvent(type: string, { name, skip, todo, details }: NodeEvent['data']): TestEvent | undefined {
  if (todo !== undefined) return { outcome: 'failed', name, told: 'is marked todo: write it or take it out' };
  if (skip !== undefined) return { outcome: 'skipped', name, told: typeof skip === 'string' ? skip : '' };
  if (type === 'test:pass') return details?.type === 'suite' ? undefined : { outcome: 'passed', name, told: '' };
  const error = details?.error;
  if (error?.failureType === 'subtestsFailed') return undefined;
  return { outcome: 'failed', name, told: error ? inspect(error.cause ?? error, { depth: 4 }) : 'failed' };
}
