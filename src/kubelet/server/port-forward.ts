// Port forwarding over a WebSocket, v4.channel.k8s.io: for each port of the request a data channel (even) and an error
// channel (odd), each beginning with the port as uint16 LE (cri-streaming portforward/websocket.go).
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { bytesOf, framingOf } from './channels.ts';

export const PORT_FORWARD_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const;

/** Connects to each port once; resolves when the socket is closed. */
export async function servePortForward(
  socket: WebSocket,
  ports: readonly number[],
  connect: (port: number) => Promise<Duplex>,
): Promise<void> {
  const framing = framingOf(socket.protocol);
  const send = (channel: number, data: Uint8Array) => {
    if (socket.readyState === socket.OPEN) socket.send(framing.encode(channel, data));
  };
  for (const [i, port] of ports.entries()) {
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16LE(port);
    send(2 * i, prefix);
    send(2 * i + 1, prefix);
  }
  const connections = ports.map((port, i) => {
    const opening = connect(port);
    opening.then(
      (connection) => {
        connection.on('data', (chunk: Buffer) => send(2 * i, chunk));
        connection.on('error', (error) => send(2 * i + 1, Buffer.from(error.message)));
        connection.on('end', () => closeWhenAllEnded());
      },
      (error: Error) => send(2 * i + 1, Buffer.from(`error forwarding port ${port}: ${error.message}`)),
    );
    return opening;
  });
  let ended = 0;
  const closeWhenAllEnded = () => {
    ended++;
    if (ended === ports.length) socket.close(1000);
  };
  socket.on('message', (message: RawData) => {
    const { channel, data } = framing.decode(bytesOf(message));
    if (channel % 2 !== 0) return;
    connections[channel / 2]?.then(
      (connection) => connection.write(data),
      () => undefined, // told on the error channel
    );
  });
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const settled = await Promise.allSettled(connections);
  for (const result of settled) if (result.status === 'fulfilled') result.value.destroy();
}
