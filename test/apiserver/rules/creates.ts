// Rules 36, 37, 50, 51, 53 and 54: what a create makes, refuses and leaves.
import assert from 'node:assert/strict';
import { brief, type RuleCase, revisionOf, take, takeUntilMade } from './rule.ts';

const MERGE = 'application/merge-patch+json';

export const createRules: readonly RuleCase[] = [
  {
    rules: [36],
    name: 'uid and creationTimestamp are the server’s, and what marks a deletion is nobody’s to set',
    async run(api) {
      const long = '2001-01-01T00:00:00Z';
      const metadata = { name: 'a', uid: 'mine', creationTimestamp: long, deletionTimestamp: long };
      const made = await api.expect(201, 'POST', api.path('configmaps'), { metadata });
      assert.match(made.metadata.uid ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal(Date.parse(made.metadata.creationTimestamp ?? ''), api.clock.now() - (api.clock.now() % 1000));
      assert.equal(made.metadata.deletionTimestamp, undefined);
    },
  },
  {
    rules: [36],
    name: 'a create with a resourceVersion is refused, and a name is taken once',
    async run(api) {
      const path = api.path('configmaps');
      const { message } = await api.expect(500, 'POST', path, { metadata: { name: 'a', resourceVersion: '5' } });
      assert.equal(message, 'resourceVersion should not be set on objects to be created');
      await api.expect(201, 'POST', path, { metadata: { name: 'a', finalizers: ['example.com/hold'] } });
      const taken = await api.expect(409, 'POST', path, { metadata: { name: 'a' } });
      assert.deepEqual([taken.reason, taken.message], ['AlreadyExists', 'configmaps "a" already exists']);
      await api.expect(200, 'DELETE', `${path}/a`);
      const going = await api.expect(409, 'POST', path, { metadata: { name: 'a' } });
      assert.deepEqual(
        [going.reason, going.message],
        ['AlreadyExists', 'object is being deleted: configmaps "a" already exists'],
      );
    },
  },
  {
    rules: [36],
    name: 'of many that create one name at once, one does and the others are told that it exists',
    async run(api) {
      const creates = Array.from({ length: 12 }, () =>
        api.send('POST', api.path('configmaps'), { metadata: { name: 'a' } }),
      );
      const answers = (await Promise.all(creates)).map(({ code, body }) => (code === 201 ? 'made' : body.reason));
      assert.deepEqual(answers.toSorted(), [...Array(11).fill('AlreadyExists'), 'made']);
    },
  },
  {
    rules: [37],
    name: 'a generated name is the base, cut to 58 characters, and five more',
    async run(api) {
      for (const base of ['base-', `${'b'.repeat(62)}-`]) {
        const { metadata } = await api.expect(201, 'POST', api.path('configmaps'), {
          metadata: { generateName: base },
        });
        assert.ok(metadata.name?.startsWith(base.slice(0, 58)));
        assert.match(metadata.name?.slice(Math.min(58, base.length)) ?? '', /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      }
    },
  },
  {
    rules: [37],
    name: 'after eight generated names that are taken the ninth is not tried',
    async run(api) {
      const own = await api.own({ random: () => 0 });
      const body = { metadata: { generateName: 'g-' } };
      await own.expect(201, 'POST', own.path('configmaps'), body);
      const { reason, message, details } = await own.expect(409, 'POST', own.path('configmaps'), body);
      assert.equal(reason, 'AlreadyExists');
      assert.match(message ?? '', /already exists, the server was not able to generate a unique name for the object$/);
      assert.equal(details?.retryAfterSeconds, 1);
    },
  },
  {
    rules: [50],
    name: 'a dry run of any write answers as the write would and leaves no revision and no event',
    async run(api) {
      const path = api.path('configmaps');
      const made = await api.configMap('a', { n: '1' });
      const stream = await api.watch(path, { resourceVersion: String(revisionOf(made)) });
      const dry = 'dryRun=All';
      const created = await api.expect(201, 'POST', `${path}?${dry}`, { metadata: { name: 'b' } });
      assert.ok(created.metadata.uid);
      const put = await api.expect(200, 'PUT', `${path}/a?${dry}`, { ...made, data: { n: '2' } });
      const patched = await api.expect(200, 'PATCH', `${path}/a?${dry}`, { data: { n: '3' } }, MERGE);
      assert.deepEqual([put.data, patched.data], [{ n: '2' }, { n: '3' }]);
      await api.expect(200, 'DELETE', `${path}/a?${dry}`);
      await api.expect(200, 'DELETE', `${path}?${dry}`);
      await api.expect(404, 'PUT', `${path}/none?${dry}`, { metadata: { name: 'none' } });
      assert.equal(api.server.storage.revision, revisionOf(made));
      assert.deepEqual(await takeUntilMade(api, stream, 'marker'), []);
    },
  },
  {
    rules: [51],
    name: 'a request of more than 3 MiB is 413, an object of more than 1.5 MiB is refused, and neither is there',
    async run(api) {
      const path = api.path('controllerrevisions', 'apps/v1'); // its data has no limit of its own
      const revision = (name: string, bytes: number) => ({
        metadata: { name },
        revision: 1,
        data: { text: 'x'.repeat(bytes) },
      });
      const { reason } = await api.expect(413, 'POST', path, revision('huge', 3 * 1024 * 1024));
      assert.equal(reason, 'RequestEntityTooLarge');
      const { message } = await api.expect(500, 'POST', path, revision('large', 1.5 * 1024 * 1024));
      assert.equal(message, 'etcdserver: request is too large');
      await api.expect(201, 'POST', path, revision('fits', 1.4 * 1024 * 1024));
      const { items } = await api.expect(200, 'GET', path);
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        ['fits'],
      );
    },
  },
  {
    rules: [53],
    name: 'an Event that has outlived its hour is deleted by a change of its own',
    async run(api) {
      const own = await api.own(); // an hour passes
      const path = own.path('events');
      const event = { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p', namespace: own.namespace } };
      const made = await own.expect(201, 'POST', path, event);
      const stream = await own.watch(path, { resourceVersion: String(revisionOf(made)), timeoutSeconds: '7200' });
      await own.clock.advance(59 * 60_000);
      await own.expect(200, 'GET', `${path}/e`);
      await own.clock.advance(60_000);
      const [gone] = await take(stream, 1);
      assert.equal(brief(gone!), `DELETED e@${revisionOf(made) + 1}`);
      await own.expect(404, 'GET', `${path}/e`);
    },
  },
  {
    rules: [54],
    name: 'an object is stored in one version, whichever it is written in, and read in the one that is asked for',
    async run(api) {
      const path = (version: string) => api.path('horizontalpodautoscalers', `autoscaling/${version}`);
      const spec = {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
      };
      const made = await api.expect(201, 'POST', path('v1'), { metadata: { name: 'a' }, spec });
      const asV2 = await api.expect(200, 'GET', `${path('v2')}/a`);
      assert.deepEqual([made.apiVersion, asV2.apiVersion], ['autoscaling/v1', 'autoscaling/v2']);
      assert.equal((asV2.spec?.metrics as unknown[])?.length, 1);
      await api.expect(201, 'POST', path('v2'), {
        ...asV2,
        metadata: { name: 'b' },
      });
      const stored = api.server.storage.list('/autoscaling/horizontalpodautoscalers/').entries;
      const versions = stored.filter(({ key }) => key.includes(`/${api.namespace}/`)).map((e) => e.object.apiVersion);
      assert.equal(new Set(versions).size, 1);
      const same = await api.expect(200, 'PUT', `${path('v1')}/a`, await api.expect(200, 'GET', `${path('v1')}/a`));
      assert.equal(revisionOf(same), revisionOf(made));
    },
  },
];
