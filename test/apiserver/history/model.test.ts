// Random writes at random times against a model of them: every moment is read back as it was, every change is told once,
// and no parameters make the server fail.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConfigMap } from '../../../src/api/types/core/v1.ts';
import type { List } from '../../../src/apimachinery/meta.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import type { Change } from '../../../src/apiserver/history/change-list.ts';
import type { Revision } from '../../../src/apiserver/history/revision.ts';
import { type Answer, CHANGES, person, startWorld, type World } from './world.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const NAMES = ['a', 'b', 'c'] as const;
const USERS = ['jane', 'joe'] as const;

type Data = Record<string, string>;
interface Step {
  name: (typeof NAMES)[number];
  user: (typeof USERS)[number];
  data: Data | undefined;
  wait: number;
}
/** What was there from `time` on, and who made it so. */
interface Moment {
  time: number;
  state: Map<string, Data>;
  written: { name: string; user: string; operation: string } | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(...NAMES),
  user: fc.constantFrom(...USERS),
  data: fc.option(fc.dictionary(fc.constantFrom('x', 'y', 'z-1'), fc.constantFrom('1', '2'), { maxKeys: 3 }), {
    nil: undefined,
    freq: 3,
  }),
  wait: fc.constantFrom(0, 0, 1, 10, 60_000),
});

/** Writes what the steps say, and what came of it; several things may happen in one millisecond. */
async function carryOut(api: World, steps: readonly Step[]): Promise<Moment[]> {
  const moments: Moment[] = [{ time: api.clock.now(), state: new Map(), written: undefined }];
  for (const { name, user, data, wait } of steps) {
    await api.clock.advance(wait);
    const state = new Map(moments.at(-1)?.state);
    const was = state.get(name);
    if (data) state.set(name, data);
    else state.delete(name);
    const same =
      was === undefined ? data === undefined : data && JSON.stringify(sorted(was)) === JSON.stringify(sorted(data));
    const operation = data === undefined ? 'delete' : was === undefined ? 'create' : 'update';
    const as = person(user, 'system:masters');
    const body = { metadata: { name }, data };
    if (operation === 'create') await api.send('POST', MAPS, { body, user: as });
    else if (operation === 'update') await api.send('PUT', `${MAPS}/${name}`, { body, user: as });
    else if (was) await api.send('DELETE', `${MAPS}/${name}`, { user: as });
    moments.push({ time: api.clock.now(), state, written: same ? undefined : { name, user, operation } });
  }
  return moments;
}

const sorted = (data: Data) => Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1));
const contents = (state: ReadonlyMap<string, Data>) =>
  [...state].map(([name, data]) => ({ name, data: sorted(data) })).toSorted((a, b) => (a.name < b.name ? -1 : 1));

async function stateAt(api: World, time: number) {
  const { items } = await api.get<List<ConfigMap>>(`${MAPS}?asOf=${new Date(time).toISOString()}`);
  return items.map(({ metadata, data }) => ({ name: metadata.name, data: sorted(data ?? {}) }));
}

describe('random writes', () => {
  it('are read back as of any time, one by one and all together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const api = await startWorld();
        const moments = await carryOut(api, steps);
        await api.clock.advance(1);
        for (const [i, { time, state }] of moments.entries()) {
          if (moments[i + 1]?.time === time) continue; // not the last of its millisecond
          assert.deepEqual(await stateAt(api, time), contents(state));
          for (const name of NAMES) {
            const path = `${MAPS}/${name}?asOf=${new Date(time).toISOString()}`;
            const one = await api.get<ConfigMap>(path).catch((error: unknown) => error);
            if (state.has(name))
              assert.deepEqual(sorted((one as ConfigMap).data ?? {}), sorted(state.get(name) as Data));
            else assert.equal((one as StatusError).code, 404);
          }
        }
        const written = moments.flatMap((moment) => moment.written ?? []).reverse();
        const told = (change: Revision) => ({ user: change.user, operation: change.operation });
        const changes = await everyPage<Change>(api, `${CHANGES}?resource=configmaps&limit=3`);
        assert.deepEqual(
          changes.map((change) => ({ name: change.object.name, ...told(change) })),
          written,
        );
        for (const name of NAMES) {
          const own = written.filter((one) => one.name === name).map(({ user, operation }) => ({ user, operation }));
          if (own.length > 0) assert.deepEqual((await api.history(`${MAPS}/${name}`)).map(told), own);
        }
        await api.stop();
      }),
      { numRuns: 25 },
    );
  });
});

async function everyPage<T>(api: World, path: string): Promise<T[]> {
  const items: T[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const page: Answer<T> = await api.get<Answer<T>>(next ? `${path}&continue=${next}` : path);
    items.push(...page.items);
    next = page.metadata.continue;
  }
  return items;
}

describe('random parameters', () => {
  it('are answered or refused, never a fault of the server', async () => {
    const api = await startWorld();
    await carryOut(api, [{ name: 'a', user: 'jane', data: { x: '1' }, wait: 10 }]);
    const value = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        '',
        '-1m',
        '1h',
        '2026-01-01T00:00:00Z',
        '1969-12-31T23:59:59Z',
        '9999-12-31T23:59:59Z',
        '0',
        '1',
        '-1',
      ),
      fc.constantFrom(
        '1e9',
        'pods',
        'deployments.apps',
        '.',
        '..',
        'a.b/c',
        '__proto__',
        'eyJ2IjoiIn0',
        '-99999999999999999d',
      ),
    );
    const path = fc.constantFrom(
      ...[MAPS, `${MAPS}/a`, `${MAPS}/none`, `${MAPS}/a/history`, `${MAPS}/none/history`],
      ...[CHANGES, '/apis/history.tsukube.dev/v1/namespaces/default/changes', '/api/v1/namespaces/default/history'],
    );
    const name = fc.constantFrom('asOf', 'from', 'to', 'limit', 'continue', 'user', 'resource', 'resourceVersionMatch');
    await fc.assert(
      fc.asyncProperty(path, fc.array(fc.tuple(name, value), { maxLength: 3 }), async (path, pairs) => {
        const query = new URLSearchParams();
        for (const [name, text] of pairs) query.append(name, text.toWellFormed());
        try {
          assert.ok((await api.get(`${path}?${query}`)).kind);
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
          assert.ok([400, 404, 410, 422].includes(error.code), `${error.code} ${error.message} ${path}?${query}`);
        }
      }),
      { numRuns: 1_000 },
    );
    await api.stop();
  });
});
