// How a command's outcome is read off the error stream of a runtime's streaming server, and what a server that does not
// serve is told as. That streams carry bytes is tested with real runtimes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { exitCodeOf, openPort, openStreams } from '../../../../src/kubelet/cri/grpc/streaming.ts';

const failure = (reason: string, message: string, causes: object[] = []) =>
  JSON.stringify({ status: 'Failure', reason, message, details: { causes } });

describe('the outcome of a command', () => {
  test('is its exit code', () => {
    assert.equal(exitCodeOf('{"metadata":{},"status":"Success"}', 'ExecError'), 0);
    const exited = failure('NonZeroExitCode', 'command terminated', [{ reason: 'ExitCode', message: '42' }]);
    assert.equal(exitCodeOf(exited, 'ExecError'), 42);
  });

  test('or why it could not run', () => {
    for (const around of ['', 'Internal error occurred: ']) {
      const told = failure('InternalError', `${around}error executing command in container: no such file`);
      assert.throws(() => exitCodeOf(told, 'ExecError'), { reason: 'ExecError', message: 'no such file' });
    }
  });

  test('is never guessed', () => {
    assert.throws(() => exitCodeOf('', 'ExecError'), { message: /without saying how the command ended/ });
  });
});

test('a streaming server that is not there, or refuses, is told with its address', async () => {
  const streams = { stdin: false, stdout: true, stderr: false, tty: false };
  const server = createServer((_, response) => response.writeHead(404).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/token`;
  await assert.rejects(openStreams(url, streams, 'ExecError'), {
    reason: 'ExecError',
    message: `the runtime's streaming server does not serve ${url}: HTTP status 404`,
  });
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  await assert.rejects(openPort(url, 80), { reason: 'PortForwardError', message: /ECONNREFUSED/ });
});
