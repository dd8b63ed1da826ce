// Rules 8-10 and 19: reads of one object.
import assert from 'node:assert/strict';
import { namesOf, type RuleCase, revisionOf } from './rule.ts';

export const readRules: readonly RuleCase[] = [
  {
    rules: [8],
    name: 'a get is of the newest state, whichever revision up to now it asks for',
    async run(api) {
      const made = await api.configMap('a', { n: '1' });
      const path = `${api.path('configmaps')}/a`;
      const changed = await api.expect(200, 'PUT', path, { ...made, data: { n: '2' } });
      for (const query of ['', '?resourceVersion=0', `?resourceVersion=${revisionOf(made)}`]) {
        const { body, code } = await api.send('GET', path + query);
        assert.deepEqual([code, body.data, revisionOf(body)], [200, { n: '2' }, revisionOf(changed)], query);
      }
    },
  },
  {
    rules: [8],
    name: 'a get of a revision to come waits for it, and after 3 s is 504 with the cause',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const made = await api.configMap('a', { n: '1' });
      const next = revisionOf(made) + 1;
      const waits = api.clock.armed(3_000);
      const waiting = api.expect(200, 'GET', `${path}?resourceVersion=${next}`);
      await waits;
      await api.expect(200, 'PUT', path, { ...made, data: { n: '2' } });
      assert.equal(revisionOf(await waiting), next);

      const waitsAgain = api.clock.armed(3_000);
      const late = api.send('GET', `${path}?resourceVersion=${next + 1000}`);
      await waitsAgain;
      await api.clock.advance(3_000);
      const { code, body } = await late;
      assert.deepEqual([code, body.reason], [504, 'Timeout']);
      assert.deepEqual(body.details?.causes, [
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
      ]);
      assert.equal(body.details?.retryAfterSeconds, 1);
    },
  },
  {
    rules: [9],
    name: 'a resourceVersion that is no number is 400 for a list and 500 for a watch',
    async run(api) {
      const list = await api.expect(400, 'GET', `${api.path('configmaps')}?resourceVersion=abc`);
      const why = 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax';
      assert.equal(list.message, `invalid resource version: ${why}`);
      const watch = await api.expect(500, 'GET', `${api.path('configmaps')}?resourceVersion=abc&watch=1`);
      assert.equal(watch.message, why);
    },
  },
  {
    rules: [10],
    name: 'what is not there is 404 with name, group and resource',
    async run(api) {
      for (const [path, group, kind] of [
        [api.path('configmaps'), undefined, 'configmaps'],
        [api.path('deployments', 'apps/v1'), 'apps', 'deployments'],
      ] as const) {
        for (const method of ['GET', 'DELETE'] as const) {
          const { reason, details } = await api.expect(404, method, `${path}/none`);
          assert.equal(reason, 'NotFound');
          assert.deepEqual(details, { name: 'none', ...(group ? { group } : {}), kind });
        }
      }
    },
  },
  {
    rules: [19],
    name: 'a selector of one name answers a list with that object, or with none',
    async run(api) {
      for (const name of ['a', 'b']) await api.configMap(name);
      for (const [name, found] of [
        ['a', ['a']],
        ['none', []],
      ] as const) {
        const list = await api.expect(200, 'GET', `${api.path('configmaps')}?fieldSelector=metadata.name%3D${name}`);
        assert.deepEqual([list.kind, namesOf(list)], ['ConfigMapList', found]);
        assert.equal(revisionOf(list), api.server.storage.revision);
      }
    },
  },
];
