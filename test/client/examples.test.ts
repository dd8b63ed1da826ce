// The examples of docs/client.md, as they stand there: types, and what they do to a real API server. The page runs in
// Node with the globals it uses (location, document, fetch, WebSocket), behind the real kubectl proxy and without it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { pods } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import { run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { toolPath } from '../support/kubectl.ts';
import { podObject, readyPod } from '../support/objects.ts';
import { startTestServer } from '../support/server.ts';

const root = path.join(import.meta.dirname, '../..');
const example = (name: string): string => path.join(root, 'examples/client', name);

async function cluster(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'client-examples-'));
  const { server, ca, client, stop } = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret' });
  const file = path.join(folder, 'kubeconfig');
  const caFile = path.join(folder, 'ca.crt');
  writeFileSync(caFile, ca);
  writeFileSync(
    file,
    JSON.stringify({
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority': caFile } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    }),
  );
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });
  return { url: server.url, client, caFile, env: { KUBECONFIG: file, HOME: folder } };
}

/** A program that goes on; what it printed so far. */
function start(t: TestContext, argv: string[], env: Record<string, string>) {
  const child = spawn(argv, { env });
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = (text: string) => eventually(`${text} from ${argv[1]}`, () => printed.includes(text));
  return { child, ended, says, printed: () => printed };
}

test('they compile with every type checked', async () => {
  await run([path.join(root, 'node_modules/.bin/tsc'), '--project', 'test/client/tsconfig.examples.json'], {
    cwd: root,
  });
});

test('docs/client.md shows them to the letter', () => {
  const text = readFileSync(path.join(root, 'docs/client.md'), 'utf8');
  for (const name of ['list-and-patch.js', 'follow-pods.js', 'watch-in-a-page.js', 'watch-in-a-page.html']) {
    assert.ok(text.includes(`\n${readFileSync(example(name), 'utf8')}\`\`\``), `${name} differs`);
  }
});

test('the page finds the client where the package has it', () => {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  const built = exports['./client']?.replace(/^\.(.*)\.ts$/, './node_modules/tsukube$1.js');
  const page = readFileSync(example('watch-in-a-page.html'), 'utf8');
  assert.ok(page.includes(`"tsukube/client": "${built}"`), page);
});

test('list-and-patch labels the pods that run and ends', async (t) => {
  const { client, env } = await cluster(t);
  await client.create(pods, podObject('waiting'));
  const running = await client.create(pods, podObject('running'));
  await client.updateStatus(pods, { ...running, status: readyPod('running', '10.0.0.1').status });
  const { stdout, stderr } = await run([process.execPath, example('list-and-patch.js')], { env });
  assert.deepEqual([stdout, stderr], ['running is labelled\n', '']);
  const labelled = await client.list(pods, { labelSelector: 'seen=yes' });
  assert.deepEqual(
    labelled.items.map(({ metadata }) => metadata.name),
    ['running'],
  );
});

test('follow-pods tells what is there and every change, and ends by Ctrl-C', async (t) => {
  const { client, env } = await cluster(t);
  await client.create(pods, podObject('a'));
  const program = start(t, [process.execPath, example('follow-pods.js')], env);
  await program.says('1 pods\n');
  const patch = { type: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
  await client.patch(pods, 'default', 'a', patch);
  await client.create(pods, podObject('b'));
  await client.delete(pods, 'default', 'a', { gracePeriodSeconds: 0 });
  await program.says('- default/a\n');
  assert.equal(program.printed(), '+ default/a\n1 pods\n~ default/a Pending\n+ default/b\n- default/a\n');
  program.child.kill('SIGINT');
  assert.equal(await program.ended, 0);
});

async function showsEveryChange(
  page: ReturnType<typeof start>,
  client: Awaited<ReturnType<typeof cluster>>['client'],
): Promise<void> {
  await page.says('"a: Pending"');
  await client.create(pods, podObject('b'));
  await page.says('"a: Pending\\nb: Pending"');
  await client.delete(pods, 'default', 'a', { gracePeriodSeconds: 0 });
  await page.says('"b: Pending"');
}

test('the page shows every change, through kubectl proxy', { timeout: 60_000 }, async (t) => {
  const { client, env } = await cluster(t);
  await client.create(pods, podObject('a'));
  const www = path.join(root, 'examples/client');
  const proxying = [await toolPath('kubectl'), 'proxy', '--port=0', `--www=${www}`, '--www-prefix=/page/'];
  const proxy = start(t, proxying, env);
  await proxy.says('Starting to serve on ');
  const origin = `http://${/serve on (\S+)/.exec(proxy.printed())?.[1]}`;
  for (const name of ['watch-in-a-page.html', 'watch-in-a-page.js']) {
    const served = await fetch(`${origin}/page/${name}`);
    assert.equal(await served.text(), readFileSync(example(name), 'utf8'));
  }
  const page = start(t, [process.execPath, 'test/client/page-host.ts', `${origin}/page/watch-in-a-page.html`], env);
  await showsEveryChange(page, client);
});

test('the page shows every change, with a token and no proxy', async (t) => {
  const { client, caFile, url, env } = await cluster(t);
  await client.create(pods, podObject('a'));
  const host = [process.execPath, 'test/client/page-host.ts', `${url}/page#token=secret`];
  const page = start(t, host, { ...env, NODE_EXTRA_CA_CERTS: caFile });
  await showsEveryChange(page, client);
});

test('a page whose token is refused is told by the server, and tries again', async (t) => {
  const { caFile, url, env } = await cluster(t);
  const host = [process.execPath, 'test/client/page-host.ts', `${url}/page#token=wrong`];
  const page = start(t, host, { ...env, NODE_EXTRA_CA_CERTS: caFile });
  await eventually('two tries', () => page.printed().split('watch interrupted').length > 2);
  assert.match(page.printed(), /StatusError: Unauthorized/);
});
