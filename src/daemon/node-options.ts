// Settings of the node's resources, under the names of upstream's kubelet, as a user writes them.
import { parseQuantity, value as quantityValue } from '../apimachinery/quantity.ts';
import { duration } from './history-settings.ts';
import type { Option } from './options.ts';

/** What stands behind a name, in the order in which it was written. */
export type Pairs = Readonly<Record<string, string>>;

export interface NodeConfig {
  'max-pods': number;
  'pod-max-pids': number;
  'kube-reserved': Pairs;
  'system-reserved': Pairs;
  'eviction-hard': Pairs;
  'eviction-soft': Pairs;
  /** Milliseconds. */
  'eviction-soft-grace-period': Readonly<Record<string, number>>;
  'eviction-minimum-reclaim': Pairs;
  /** Seconds. */
  'eviction-max-pod-grace-period': number;
  /** Milliseconds, as the following. */
  'eviction-pressure-transition-period': number;
  'pod-logs-dir': string;
  /** Bytes. */
  'container-log-max-size': number;
  'container-log-max-files': number;
  'image-credential-provider-config': string;
  'image-credential-provider-bin-dir': string;
  'image-gc-high-threshold': number;
  'image-gc-low-threshold': number;
  'image-minimum-gc-age': number;
  'image-maximum-gc-age': number;
  'shutdown-grace-period': number;
  'shutdown-grace-period-critical-pods': number;
}

const RESERVABLE = ['cpu', 'memory', 'ephemeral-storage', 'pid'];

export const NODE_OPTIONS: { readonly [Name in keyof NodeConfig]: Option<NodeConfig[Name]> } = {
  'max-pods': { description: 'how many pods this node takes', default: '110', parse: whole(1) },
  'pod-max-pids': {
    description: 'how many processes and threads one pod may have; -1 for as many as the node',
    default: '4096',
    parse: pids,
  },
  'kube-reserved': {
    description: 'kept from pods for this server and the runtime, such as cpu=100m,memory=200Mi,pid=500',
    default: '',
    parse: reservation,
  },
  'system-reserved': {
    description: 'kept from pods for the rest of the system, such as cpu=100m,ephemeral-storage=1Gi',
    default: '',
    parse: reservation,
  },
  'eviction-hard': {
    description: 'when pods have to go at once',
    default:
      'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%',
    parse: pairs('<'),
  },
  'eviction-soft': {
    description: 'when pods have to go after a while, such as memory.available<500Mi',
    default: '',
    parse: pairs('<'),
  },
  'eviction-soft-grace-period': {
    description: 'how long each of --eviction-soft has to hold, such as memory.available=90s',
    default: '',
    parse: (value) =>
      Object.fromEntries(Object.entries(pairs('=')(value)).map(([name, text]) => [name, duration(text)])),
  },
  'eviction-minimum-reclaim': {
    description: 'how much more than a threshold has to be free again, such as nodefs.available=500Mi',
    default: '',
    parse: pairs('='),
  },
  'eviction-max-pod-grace-period': {
    description: 'seconds that a pod gets to end when a soft threshold is met',
    default: '0',
    parse: whole(0),
  },
  'eviction-pressure-transition-period': {
    description: 'how long a pressure is told after it was last seen',
    default: '5m',
    parse: duration,
  },
  'pod-logs-dir': {
    description: 'where the logs of containers are; links to them in the folder "containers" beside it',
    default: '/var/log/pods',
    parse: (value) => {
      if (!value.startsWith('/')) throw new Error('must be an absolute path');
      return value;
    },
  },
  'container-log-max-size': {
    description: 'how long the log of a container gets before it is put aside',
    default: '10Mi',
    parse: bytes,
  },
  'container-log-max-files': {
    description: 'how many files of one log are kept, with the current one',
    default: '5',
    parse: whole(2),
  },
  'image-credential-provider-config': {
    description: "file of the programs that know credentials of images, in upstream's form (CredentialProviderConfig)",
    default: '',
    parse: (value) => value,
  },
  'image-credential-provider-bin-dir': {
    description: 'folder of those programs',
    default: '/usr/libexec/kubernetes/kubelet-plugins/credential-provider',
    parse: (value) => value,
  },
  'image-gc-high-threshold': {
    description: 'percent of the disk in use above which unused images are removed; 100 for never',
    default: '85',
    parse: percent,
  },
  'image-gc-low-threshold': {
    description: 'percent of the disk in use down to which they are removed',
    default: '80',
    parse: percent,
  },
  'image-minimum-gc-age': {
    description: 'how long an image is left alone, though unused',
    default: '2m',
    parse: duration,
  },
  'image-maximum-gc-age': {
    description: 'after how long without use an image is removed, whatever room there is; 0 for never',
    default: '0',
    parse: duration,
  },
  'shutdown-grace-period': {
    description: 'how long pods get to end when the machine is shut down (needs systemd); 0 for nothing to be done',
    default: '0',
    parse: duration,
  },
  'shutdown-grace-period-critical-pods': {
    description: 'how much of --shutdown-grace-period is kept for critical pods',
    default: '0',
    parse: duration,
  },
};

function whole(least: number): (value: string) => number {
  return (value) => {
    if (!/^\d{1,7}$/.test(value) || Number(value) < least) {
      throw new Error(`must be a whole number ${least === 1 ? 'above 0' : `of ${least} or more`}`);
    }
    return Number(value);
  };
}

function bytes(value: string): number {
  const number = quantityValue(parseQuantity(value));
  if (number <= 0) throw new Error('must be a size above 0, such as 10Mi');
  return number;
}

function pids(value: string): number {
  if (value !== '-1' && !/^[1-9]\d{0,6}$/.test(value)) throw new Error('must be a whole number above 0, or -1');
  return Number(value);
}

function percent(value: string): number {
  if (!/^\d{1,3}$/.test(value) || Number(value) > 100) throw new Error('must be a whole number from 0 to 100');
  return Number(value);
}

function pairs(separator: '<' | '='): (value: string) => Pairs {
  return (value) =>
    Object.fromEntries(
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => {
          const [name, text, ...more] = part.split(separator).map((side) => side.trim());
          if (!name || !text || more.length > 0) {
            throw new Error(`has "${part}", which must be NAME${separator}VALUE`);
          }
          return [name, text];
        }),
    );
}

function reservation(value: string): Pairs {
  const found = pairs('=')(value);
  for (const [name, text] of Object.entries(found)) {
    if (!RESERVABLE.includes(name)) throw new Error(`cannot reserve "${name}"; there are ${RESERVABLE.join(', ')}`);
    if (parseQuantity(text).nano < 0n) throw new Error(`has ${name}=${text}, which must not be negative`);
  }
  return found;
}
