// Ten thousand connections that say nothing: others are answered. They are another process's, as both ends together are
// more files than a process may have open.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { spawn } from '../../src/exec.ts';
import { httpsCaller } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const WANTED = 10_000;
/** What a test process has open besides. */
const OTHERS = 500;

let api: TestServer;
let clients: ChildProcess | undefined;
const call = httpsCaller(() => api, TOKEN);
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(async () => {
  clients?.kill('SIGKILL');
  await api.stop();
});

/** Node raises its own limit to the greatest it may have. */
function openFiles(): number {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Opens them a hundred at a time, says how many are open, and stays. */
const PROGRAM = `
  const net = require('node:net');
  const [port, count] = process.argv.slice(1).map(Number);
  const connect = () => new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(1));
    socket.on('error', () => resolve(0));
  });
  (async () => {
    let open = 0;
    for (let at = 0; at < count; at += 100) {
      const some = await Promise.all(Array.from({ length: Math.min(100, count - at) }, connect));
      open += some.reduce((sum, one) => sum + one, 0);
    }
    console.log(open);
  })();
`;

test('connections that say nothing keep nobody else from an answer', async (context) => {
  const count = Math.min(WANTED, openFiles() - OTHERS);
  if (count < WANTED) context.diagnostic(`${count} connections: more files may not be open here`);
  const { port } = new URL(api.server.url);
  clients = spawn([process.execPath, '-e', PROGRAM, port, String(count)]);
  assert.ok(clients.stdout);
  const [opened] = (await once(createInterface(clients.stdout), 'line')) as [string];
  assert.equal(Number(opened), count);
  assert.equal((await call('/api/v1/namespaces/default')).code, 200);
  clients.kill('SIGKILL');
  await once(clients, 'exit');
  assert.equal((await call('/api/v1/namespaces/default')).code, 200);
});
