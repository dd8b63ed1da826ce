// A subresource of a pod as kubectl's own client would open it, with its channels in the hands of a test.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Kubectl } from '../support/kubectl.ts';

const BASE64 = /base64/;

interface KubeConfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** Channels of a WebSocket to a subresource of a pod, as text. */
export async function openChannels(
  kubectl: Kubectl,
  subresource: string,
  { protocol, query }: { protocol: string; query: string },
) {
  const config = await kubectl.json<KubeConfig>('config', 'view', '--raw');
  const { cluster } = config.clusters[0] as KubeConfig['clusters'][0];
  const { user } = config.users[0] as KubeConfig['users'][0];
  const decoded = (text: string) => Buffer.from(text, 'base64');
  const url = `${cluster.server.replace('https', 'wss')}/api/v1/namespaces/default/pods/${subresource}?${query}`;
  const socket = new WebSocket(url, [protocol], {
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  });
  const text: string[] = ['', '', '', ''];
  socket.on('message', (message: Buffer) => {
    const channel = BASE64.test(protocol) ? (message[0] as number) - 0x30 : (message[0] as number);
    const body = message.subarray(1).toString('latin1');
    text[channel] += BASE64.test(protocol) ? atob(body) : body;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  const send = (channel: number, body: string) =>
    socket.send(
      BASE64.test(protocol) ? `${channel}${btoa(body)}` : Buffer.concat([Buffer.from([channel]), Buffer.from(body)]),
    );
  return { socket, send, text, closed };
}
