// Port forwarding over a WebSocket, v4.channel.k8s.io: for each port of the request a data channel (even) and an error
// channel (odd), each beginning with the port as uint16 LE (cri-streaming portforward/websocket.go).
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { bytesOf, framingOf, sendAll, writeFrom } from './channels.ts';

export const PORT_FORWARD_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const;

export interface PortForward {
  ports: readonly number[];
  /** In messages to the client. */
  pod: string;
  connect(port: number): Promise<Duplex>;
}

/** Connects to each port once, and closes the socket when all have ended; resolves when the socket is closed. */
export async function servePortForward(socket: WebSocket, { ports, pod, connect }: PortForward): Promise<void> {
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
  const opened: Duplex[] = [];
  const connections = ports.map(connect);
  const served = connections.map(async (opening, i) => {
    const fail = (error: Error) =>
      send(2 * i + 1, Buffer.from(`error forwarding port ${ports[i]} to pod ${pod}: ${error.message}`));
    const connection = await opening.catch(fail);
    if (!connection) return;
    opened[i] = connection.on('error', fail);
    await sendAll(connection, { socket, framing, channel: 2 * i });
  });
  socket.on('message', async (message: RawData) => {
    const { channel, data } = framing.decode(bytesOf(message));
    if (channel % 2 !== 0) return;
    if (!opened[channel / 2]) {
      socket.pause(); // what comes is not gathered before there is somebody to take it
      await connections[channel / 2]?.catch(() => undefined); // told on the error channel
      socket.resume();
    }
    const connection = opened[channel / 2];
    if (connection) writeFrom(socket, connection, data);
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  void Promise.all(served).then(() => socket.close(1000));
  await closed;
  const settled = await Promise.allSettled(connections);
  for (const result of settled) if (result.status === 'fulfilled') result.value.destroy();
}
