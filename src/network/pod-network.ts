// What the runtime driver asks of the pod network: addresses and links for a network namespace.
// cni.ts implements it by running CNI plugins as the CNI specification 1.0 says.

export interface NetworkAttachment {
  /** The pod's identity, passed to the plugins as CNI_ARGS and as the container id. */
  sandboxId: string;
  pod: { namespace: string; name: string; uid: string };
  /** Path of the network namespace, e.g. /run/netns/… */
  netns: string;
  portMappings: readonly { protocol: string; containerPort: number; hostPort: number; hostIP?: string }[];
}

export interface PodNetwork {
  /** Resolves with the pod's addresses. A failed ADD is followed by a DEL. */
  attach(attachment: NetworkAttachment): Promise<{ ips: string[] }>;
  /** Idempotent. */
  detach(attachment: NetworkAttachment): Promise<void>;
}
