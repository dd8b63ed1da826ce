// The commands of history as a user runs them: forms of output, exit codes, and one sentence for each error.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { configMaps } from '../../src/api/resources.ts';
import { RunError, run } from '../../src/exec.ts';
import type { Session } from '../../src/history/session.ts';
import { type SessionServer, startSessionServer } from '../support/session.ts';

const PROGRAM = [process.execPath, path.join(import.meta.dirname, '../../bin/run.js')];

let server: SessionServer;
let alice: Session;
const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));

/** Ended: what it wrote, and its exit code. */
async function tsukube(...args: string[]): Promise<{ code: number; stdout: string; output: string }> {
  const env = { KUBECONFIG: server.kubeconfig, HOME: folder, NO_COLOR: '' };
  try {
    const { stdout, stderr } = await run([...PROGRAM, ...args], { env, timeout: 30_000 });
    return { code: 0, stdout, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof RunError) || error.exitCode === undefined) throw error;
    return { code: error.exitCode, stdout: error.output, output: error.output };
  }
}

before(async () => {
  server = await startSessionServer();
  alice = await server.as('alice');
  await alice.client.create(configMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { a: '1' } });
  await alice.client.patch(configMaps, 'default', 'settings', { type: 'merge', body: { data: { a: '2' } } });
  await server.clock.advance(10_000);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const COMMANDS = ['history', 'diff', 'blame', 'get', 'undo', 'timeline'];
for (const command of COMMANDS) {
  test(`${command} --help tells its flags and gives examples`, async () => {
    const { code, output } = await tsukube(command, '--help');
    assert.equal(code, 0);
    for (const part of ['USAGE', 'EXAMPLES', '--kubeconfig', `tsukube ${command}`])
      assert.ok(output.includes(part), part);
  });
}

test('history as lines, JSON and YAML', async () => {
  const { stdout, code } = await tsukube('history', 'cm/settings');
  assert.equal(code, 0);
  assert.match(stdout, /alice +test +patch +\.data\.a: "1" → "2"\n.*alice +test +create +created\n$/);
  const json = JSON.parse((await tsukube('history', 'cm', 'settings', '-o', 'json')).stdout) as {
    items: { user: string }[];
  };
  const yaml = parse((await tsukube('history', 'cm', 'settings', '-o', 'yaml')).stdout) as typeof json;
  assert.deepEqual(
    json.items.map(({ user }) => user),
    ['alice', 'alice'],
  );
  assert.deepEqual(yaml, json);
});

test('diff ends with 1 when something differs, 0 when nothing does, and more for errors', async () => {
  const differs = await tsukube('diff', 'cm/settings');
  assert.equal(differs.code, 1);
  assert.match(differs.stdout, /^- {2}a: "1"\n\+ {2}a: "2"$/m);
  const { data } = JSON.parse((await tsukube('diff', 'cm/settings', '-o', 'json')).stdout).from.object as {
    data: unknown;
  };
  assert.deepEqual(data, { a: '1' });
  const same = await tsukube('diff', 'cm/settings', '--from', '1s');
  assert.deepEqual([same.code, same.output], [0, '']);
  for (const args of [['cm/none'], ['cm/settings', '--from', 'soon'], ['cm/settings', '--wrong'], []]) {
    assert.equal((await tsukube('diff', ...args)).code, 2, args.join(' '));
  }
});

test('blame, get and timeline answer', async () => {
  assert.match((await tsukube('blame', 'cm', 'settings')).stdout, /alice \(test\) │ {3}a: "2"\n/);
  assert.match((await tsukube('get', 'cm', '--at', '1s')).stdout, /^NAME +DATA +AGE\nsettings +1 +/);
  const none = await tsukube('get', 'secrets');
  assert.deepEqual([none.code, none.output], [0, 'No resources found in default namespace\n']);
  assert.match((await tsukube('timeline')).stdout, /alice \(test\) +configmap\/settings +created\n/);
  assert.match((await tsukube('timeline', '-n', 'default')).stdout, /configmap\/settings/);
  assert.match((await tsukube('timeline', 'nowhere')).output, /nothing changed there, as far as is kept/);
});

describe('undo', () => {
  test('shows the plan, and does nothing without being told to', async () => {
    const shown = await tsukube('undo', 'cm/settings', '--dry-run');
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /To do:\n {2}update configmap\/settings in default\n {6}\.data\.a: "2" → "1"\n$/);
    const plan = JSON.parse((await tsukube('undo', 'cm/settings', '--dry-run', '-o', 'json')).stdout) as {
      steps: { action: string }[];
    };
    assert.deepEqual(
      plan.steps.map(({ action }) => action),
      ['update'],
    );
    const asked = await tsukube('undo', 'cm/settings');
    assert.equal(asked.code, 2);
    assert.match(asked.output, /To do:[\s\S]*tsukube: nothing was changed: say --yes to do it, or --dry-run/);
    const quiet = await tsukube('undo', 'cm/settings', '-o', 'json');
    assert.deepEqual([quiet.code, quiet.output.split('\n').length], [2, 2]);
    assert.deepEqual((await alice.client.get(configMaps, 'default', 'settings')).data, { a: '2' });
  });

  test('does what it is told to, and tells it', async () => {
    const done = await tsukube('undo', 'cm/settings', '--yes');
    assert.equal(done.code, 0);
    assert.match(done.stdout, /^configmap\/settings in default updated$/m);
    const results = parse((await tsukube('undo', 'cm/settings', '-y', '-o', 'yaml')).stdout) as { result: string }[];
    assert.deepEqual(
      results.map(({ result }) => result),
      ['updated'],
    );
    const user = await tsukube('undo', '--user', 'alice', '--from', '1', '--force', '--dry-run');
    assert.match(user.stdout, /delete configmap\/settings in default/);
  });

  test('a step that fails ends it with 1, in a sentence', async () => {
    const { code, output } = await tsukube('undo', 'cm/settings', '-y', '--as', 'bob', '--as-group', 'readers');
    assert.equal(code, 1);
    assert.match(output, /forbidden/);
  });
});

const REFUSED: readonly [string, string[], RegExp][] = [
  ['no kubeconfig', ['get', 'cm', '--kubeconfig', '/none'], /there is no kubeconfig \/none/],
  ['a context that is none', ['get', 'cm', '--context', 'other'], /there is no context "other"/],
  ['a kind that is none', ['history', 'nonsense', 'x'], /the server doesn't have a resource type "nonsense"/],
  ['no name', ['blame', 'cm'], /name one object: KIND NAME or KIND\/NAME/],
  ['what was never there', ['history', 'cm', 'never'], /configmaps "never" not found/],
  ['what is gone', ['blame', 'cm', 'never'], /there is no configmap\/never in default now/],
  ['a moment that is none', ['get', 'cm', '--at', 'tea-time'], /--at: "tea-time" is neither/],
  ['a time to come', ['get', 'cm', '--at', '2222-01-01T00:00:00Z'], /lies in the future/],
  ['undo of nothing', ['undo'], /name an object \(KIND NAME\), or a user/],
  ['undo of both', ['undo', 'cm', 'x', '--user', 'a', '--from', '1m'], /and not both/],
  ['undo of a user since always', ['undo', '--user', 'a'], /--user needs --from/],
  ['undo of a user who did nothing', ['undo', '--user', 'ghost', '--from', '1m'], /ghost changed nothing/],
  [
    'undo of a revision that is none',
    ['undo', 'cm/settings', '--revision', '1'],
    /revision 1 is no change of configmap settings/,
  ],
  ['a timeline of two', ['timeline', 'a', 'b'], /Unexpected argument: b/],
];
for (const [what, args, message] of REFUSED) {
  test(`${what} is refused in a sentence`, async () => {
    const { code, output } = await tsukube(...args);
    assert.ok(code > 0, `exit code ${code}`);
    assert.match(output, message);
    assert.doesNotMatch(output, /^\s+at .*:\d+:\d+\)?$/m, 'a stack trace');
  });
}
