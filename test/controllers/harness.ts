// Runs controllers on the fake API and a fake clock; `settle` lets everything that is due happen.
import type { TestContext } from 'node:test';
import type { Event } from '../../src/api/types/core/v1.ts';
import type { Client } from '../../src/client/client.ts';
import type { Controller } from '../../src/client/controller.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { runController } from '../../src/client/run-controller.ts';
import type { ServedResource } from '../../src/controllers/served-resources.ts';
import { silentLogger } from '../../src/log.ts';
import { type FakeApi, fakeApi } from '../support/fake-api.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

export interface Harness {
  api: FakeApi;
  client: Client;
  clock: FakeClock & { /** Time passes without a timer firing, as when the machine sleeps. */ jump(ms: number): void };
  start(): Promise<void>;
  settle(): Promise<void>;
  /** 'reason: message' of every event, in order. */
  events(): string[];
}

export function harness(t: TestContext, ...controllers: Controller[]): Harness {
  const inner = fakeClock();
  let jumped = 0;
  const clock = {
    ...inner,
    now: () => inner.now() + jumped,
    monotonic: () => inner.monotonic() + jumped,
    jump(ms: number) {
      jumped += ms;
    },
  };
  const api = fakeApi({ clock });
  const client = createClient(api.transport);
  const log = silentLogger;
  const informers = createInformers({ client, clock, log, random: () => 0 });
  const events = createEventRecorder({ client, clock, log, component: 'test' });
  const stopping = new AbortController();
  const context = { client, informers, events, clock, log, signal: stopping.signal };
  const running = controllers.map((controller) => runController(controller, context));
  const settle = async () => {
    for (let i = 0; i < 12; i++) await clock.advance(20);
  };
  t.after(async () => {
    stopping.abort();
    for (const component of running) await component.stop();
    await informers.stop();
  });
  return {
    api,
    client,
    clock,
    settle,
    async start() {
      for (const component of running) await component.start();
      await settle();
    },
    events: () => api.objects<Event>('events').map((event) => `${event.reason}: ${event.message}`),
  };
}

/** A catalogue of these resources, as the API server's; `set` is what a new or removed definition does. */
export function served(...types: Omit<ServedResource, 'verbs' | 'storage'>[]) {
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const listeners = new Set<() => void>();
  const complete = (all: typeof types): ServedResource[] =>
    all.map((type) => ({ ...type, verbs, storage: { group: type.group, resource: type.plural } }));
  let all = complete(types);
  return {
    all: () => all,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set(...next: typeof types) {
      all = complete(next);
      for (const listener of listeners) listener();
    },
  };
}
