// Which runtime the settings choose, and where it is reached.
import { containerdAddress } from '../kubelet/cri/containerd-process.ts';
import { type Config, ConfigError } from './options.ts';

export interface RuntimePlace {
  driver: Config['container-runtime'];
  /** Empty where none is used. */
  socket: string;
  /** The runtime is a containerd of this data directory, which the server starts. */
  isOwn: boolean;
}

export type RuntimeSettings = Pick<
  Config,
  'data-dir' | 'run-dir' | 'containerd' | 'container-runtime' | 'container-runtime-endpoint'
>;

/** An endpoint is one of the CRI, whatever else is said. Throws ConfigError. */
export function runtimePlace(config: RuntimeSettings): RuntimePlace {
  const endpoint = config['container-runtime-endpoint'];
  const named = endpoint || config.containerd;
  const driver = config['container-runtime'];
  if (!endpoint && (driver === 'podman' || driver === 'docker')) {
    if (named)
      throw new ConfigError(`${driver} uses no containerd of yours: leave out --containerd, or --container-runtime`);
    return { driver, socket: '', isOwn: false };
  }
  return {
    driver: endpoint ? 'cri' : driver,
    socket: named || containerdAddress({ dataDir: config['data-dir'], runDir: config['run-dir'] }),
    isOwn: named === '',
  };
}
