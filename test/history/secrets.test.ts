// Values of Secrets are not on the screen, whatever is shown of them; that they differ is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { secrets } from '../../src/api/resources.ts';
import type { FieldChange } from '../../src/apimachinery/changes.ts';
import { compare, difference } from '../../src/history/diff.ts';
import { isSecret, maskedChange, maskedPair } from '../../src/history/mask.ts';
import { objectNamed, type Session } from '../../src/history/session.ts';
import { blamedLines, blameLines } from '../../src/history/show-blame.ts';
import { historyLines } from '../../src/history/show-history.ts';
import { plain } from '../../src/history/text.ts';
import { timelineLines, timelineOf } from '../../src/history/timeline.ts';
import { proposeObject } from '../../src/history/undo/gather.ts';
import { planLines } from '../../src/history/undo/show-plan.ts';
import { type SessionServer, startSessionServer } from '../support/session.ts';

const [WORD, NEXT, OTHER] = ['aHVzaA==', 'c2hoaGg=', 'b3RoZXI='] as const;

let server: SessionServer;
let alice: Session;
before(async () => {
  server = await startSessionServer();
  alice = await server.as('alice');
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': WORD, other: 'kept' };
  await alice.client.create(secrets, {
    metadata: { name: 's', namespace: 'default', annotations },
    data: { word: WORD, same: OTHER },
  });
  await alice.client.patch(secrets, 'default', 's', { type: 'merge', body: { data: { word: NEXT } } });
});
after(() => server.stop());

const hides = (lines: readonly string[]) => {
  const text = lines.join('\n');
  for (const value of [WORD, NEXT, OTHER]) assert.ok(!text.includes(value), text);
  return text;
};

test('in histories, blame, diffs, timelines and plans', async () => {
  const show = { now: server.clock.now(), paint: plain };
  const name = await objectNamed(alice, ['secret', 's']);
  const found = await alice.past.history(name);
  for (const changes of [true, false]) {
    assert.match(
      hides(historyLines(found, { ...show, changes, masked: isSecret(name.type) })),
      /\.data\.word: "\*\*\*" → "\*\*\*"/,
    );
  }
  const blamed = await blamedLines(alice.past, name, { masked: true });
  assert.match(hides(blameLines(blamed, show)), /│ {3}word: "\*\*\*"/);
  const { lines, changes } = compare(await difference(alice.past, name, {}), { paint: plain, status: false });
  assert.match(hides(lines), /- {2}word: "?\*\*\* \(before\)"?\n\+ {2}word: "?\*\*\* \(after\)"?/);
  // For programs there is all.
  assert.deepEqual(changes, [{ op: 'replace', path: '.data.word', from: WORD, to: NEXT }]);
  hides(timelineLines(await timelineOf(alice.past, { namespace: 'default', limit: 100 }), show));
  const { items } = found;
  const revision = Number(items[0]?.resourceVersion);
  assert.match(hides(planLines(await proposeObject(alice, { subject: name, revision }), plain)), /\.data\.word/);
  await alice.client.patch(secrets, 'default', 's', { type: 'merge', body: { data: { word: OTHER } } });
  assert.match(
    hides(planLines(await proposeObject(alice, { subject: name, revision }), plain)),
    /\.data\.word is "\*\*\*" since alice at .*, was "\*\*\*" before/,
  );
});

const CHANGES: readonly [FieldChange, FieldChange][] = [
  [
    { op: 'add', path: '.data', to: { a: 'x' } },
    { op: 'add', path: '.data', to: { a: '***' } },
  ],
  [
    { op: 'remove', path: '.data["a.b"]', from: 'x' },
    { op: 'remove', path: '.data["a.b"]', from: '***' },
  ],
  [
    { op: 'add', path: '.metadata.labels.a', to: 'x' },
    { op: 'add', path: '.metadata.labels.a', to: 'x' },
  ],
  [
    { op: 'add', path: '.datum', to: 'x' },
    { op: 'add', path: '.datum', to: 'x' },
  ],
];
for (const [change, expected] of CHANGES) {
  test(`${change.op} ${change.path}`, () => assert.deepEqual(maskedChange(change), expected));
}

test('what is no Secret is as it was; a Secret without data is no problem', () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { a: 'x' } };
  assert.deepEqual(maskedPair(map, undefined), [map, undefined]);
  assert.deepEqual(maskedPair(undefined, undefined), [undefined, undefined]);
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
  assert.deepEqual(maskedPair(undefined, secret), [undefined, secret]);
});
