// Names on the host that several instances must not share. The default data directory gets the plain ones; any other
// gets its own, so that a test cluster and the one in daily use live side by side.
import { createHash } from 'node:crypto';
import { DEFAULT_DATA_DIR, PRODUCT } from '../constants.ts';
import { DEFAULT_BRIDGE } from '../network/conflist.ts';
import { DEFAULT_PREFIX } from '../proxy/iptables/rules.ts';

export interface Instance {
  /** Parent of the pods' control groups. */
  cgroup: string;
  /** Link of the pod network; at most 15 characters. */
  bridge: string;
  /** Of iptables chains; at most 7 characters. */
  chainPrefix: string;
}

export function instanceOf(dataDir: string): Instance {
  if (dataDir === DEFAULT_DATA_DIR) return { cgroup: PRODUCT, bridge: DEFAULT_BRIDGE, chainPrefix: DEFAULT_PREFIX };
  const hash = createHash('sha256').update(dataDir).digest('hex');
  return {
    cgroup: `${PRODUCT}-${hash.slice(0, 8)}`,
    bridge: `tsk-${hash.slice(0, 8)}`,
    chainPrefix: `${DEFAULT_PREFIX}${hash.slice(0, 4).toUpperCase()}`,
  };
}
