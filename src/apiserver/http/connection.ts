// What a TLS connection says of its client. It cannot change while the connection lasts, and reading a certificate, let
// alone checking its signature, costs more than most requests.
import type { Http2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Credentials } from '../identity.ts';

export type Connection = Pick<Credentials, 'clientCertificate' | 'remoteAddress'>;

export interface Connections {
  ofSocket(socket: TLSSocket): Connection;
  ofSession(session: Http2Session): Connection;
}

/** Reads each connection once. A session is remembered itself: its `socket` is a stand-in that costs at every look. */
export function createConnections(): Connections {
  const known = new WeakMap<object, Connection>();
  const remembered = (of: object, socket: () => TLSSocket): Connection => {
    let connection = known.get(of);
    if (!connection) {
      connection = readConnection(socket());
      known.set(of, connection);
    }
    return connection;
  };
  return {
    ofSocket: (socket) => remembered(socket, () => socket),
    ofSession: (session) => remembered(session, () => session.socket as TLSSocket),
  };
}

function readConnection(socket: TLSSocket): Connection {
  const certificate = clientCertificate(socket);
  return {
    ...(certificate ? { clientCertificate: certificate } : {}),
    remoteAddress: socket.remoteAddress ?? '',
  };
}

function clientCertificate(socket: TLSSocket): Credentials['clientCertificate'] {
  if (!socket.authorized) return undefined;
  const { subject, raw } = socket.getPeerCertificate();
  if (!subject) return undefined;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  return { commonName: [subject.CN ?? ''].flat()[0] ?? '', organizations, raw };
}
