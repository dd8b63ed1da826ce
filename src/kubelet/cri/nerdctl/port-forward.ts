// A connection to a port of a pod, as if made from inside it. The pod's address is tried from the host first, which
// costs nothing; what listens on the pod's loopback only is reached by a relay of our own inside its namespace.
import type { ChildProcess } from 'node:child_process';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { spawn } from '../../../exec.ts';
import { RuntimeError } from '../runtime.ts';
import type { SandboxRecord } from './records.ts';

/** Runs in the pod's network namespace: stdin and stdout are the connection; tells on fd 3 that it stands. */
const RELAY = `
const socket = require('node:net').connect({ port: Number(process.argv[1]), host: 'localhost', autoSelectFamily: true, allowHalfOpen: true });
socket.once('connect', () => { require('node:fs').writeSync(3, 'connected'); process.stdin.pipe(socket).pipe(process.stdout); });
socket.once('error', (error) => { console.error(error.message || error.code); process.exit(1); });
`;

export async function portForward(sandbox: SandboxRecord | undefined, port: number): Promise<Duplex> {
  if (sandbox?.state !== 'ready') throw new RuntimeError('PortForwardError', 'the pod sandbox is not running');
  if (sandbox.netns === undefined) return connect('localhost', port);
  for (const ip of sandbox.ips) {
    const socket = await connect(ip, port).catch(() => undefined); // refused: perhaps on loopback only
    if (socket) return socket;
  }
  return relay(sandbox.netns, port);
}

function connect(host: string, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(new RuntimeError('PortForwardError', cause.message, cause)));
  });
}

function relay(netns: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const child = spawn(['nsenter', `--net=${netns}`, process.execPath, '--eval', RELAY, String(port)], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      complaint += chunk;
    });
    child.once('error', (cause) => reject(new RuntimeError('PortForwardError', cause.message, cause)));
    child.once('close', () =>
      reject(
        new RuntimeError(
          'PortForwardError',
          `failed to connect to localhost:${port} inside the pod: ${complaint.trim()}`,
        ),
      ),
    );
    const connected = child.stdio[3] as NodeJS.ReadableStream;
    connected.once('data', () => {
      resolve(asDuplex(child));
    });
  });
}

/** The child's stdin and stdout as one stream; ending one side leaves the other open, destroying ends the child. */
function asDuplex(child: ChildProcess): Duplex {
  const [input, output] = [child.stdin!, child.stdout!];
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void output.resume(),
    write: (chunk, _, done) => void input.write(chunk, done),
    final: (done) => void input.end(done),
    destroy(error, done) {
      child.kill('SIGKILL');
      done(error);
    },
  });
  input.on('error', (error) => duplex.destroy(error));
  output.on('data', (chunk) => {
    if (!duplex.push(chunk)) output.pause();
  });
  output.on('end', () => duplex.push(null));
  return duplex;
}
