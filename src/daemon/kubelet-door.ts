// Between the API server and the kubelet of the same process: connections that no socket carries and that need no TLS, as
// neither end can be anybody else. The API server is there first; before the kubelet, and without one, nobody answers.
import { type Duplex, duplexPair } from 'node:stream';

export interface KubeletDoor {
  /** undefined: the kubelet of that node is not here, or not yet. */
  connect(nodeName: string): Duplex | undefined;
  /** `take` gets the other end of each connection. */
  open(take: (connection: Duplex) => void): void;
  close(): void;
}

export function createKubeletDoor(ownNode: string): KubeletDoor {
  let take: ((connection: Duplex) => void) | undefined;
  return {
    connect(nodeName) {
      if (!take || nodeName !== ownNode) return undefined;
      const [near, far] = duplexPair();
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
      take(far);
      return near;
    },
    open(taking) {
      take = taking;
    },
    close() {
      take = undefined;
    },
  };
}
