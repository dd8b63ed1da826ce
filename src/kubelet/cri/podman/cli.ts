// podman's command line: a store and run-time state of this server's own, apart from what else the host runs by podman,
// and an engine configuration that says what no flag does.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { HostLedger } from '../../../network/host-ledger.ts';
import { commandLine, type Nerdctl } from '../nerdctl/cli.ts';
import { writeRuncWrapper } from '../nerdctl/runc-wrapper.ts';
import { writeConmonWrapper } from './conmon-wrapper.ts';

export interface PodmanPlace {
  /** Path or name of the program. */
  binary: string;
  /** Images, layers and records live in `<dataDir>/podman`. */
  dataDir: string;
  /** What goes with a reboot lives in `<runDir>/podman`. */
  runDir: string;
  ledger: HostLedger;
}

export interface PodmanFolders {
  /** Images and containers' layers. */
  storage: string;
  /** A file with the exit code for each container that has just ended, written by conmon. */
  exits: string;
  /** runc's state of the containers. */
  runc: string;
  /** What podman and conmon keep of a container. */
  container(id: string): string;
}

/** File locks instead of one segment of shared memory for all podmans of the host; no events, which are not read. */
const engineConfig = (place: { temporary: string; conmon: string }): string =>
  [
    '[engine]',
    'lock_type = "file"',
    'events_logger = "none"',
    `tmp_dir = ${JSON.stringify(place.temporary)}`,
    `conmon_path = [${JSON.stringify(place.conmon)}]`,
    '',
  ].join('\n');

/**
 * Where podman remembers which layers it has seen in which registry, for root at this place whatever its settings say.
 * https://github.com/containers/image/blob/v5.23.1/pkg/blobinfocache/default.go
 */
const SHARED = '/var/lib/containers';
const LAYER_CACHE = `${SHARED}/cache`;

/** The host's own podman may come to use the folder. */
function recordLayerCache(ledger: HostLedger): void {
  if (existsSync(LAYER_CACHE)) return;
  ledger.record({ kind: 'empty-folder', path: SHARED });
  ledger.record({ kind: 'file', path: LAYER_CACHE });
}

export const podmanFolders = ({ dataDir, runDir }: Pick<PodmanPlace, 'dataDir' | 'runDir'>): PodmanFolders => {
  const storage = path.join(dataDir, 'podman', 'storage');
  return {
    storage,
    exits: path.join(runDir, 'podman', 'tmp', 'exits'),
    runc: path.join(runDir, 'podman', 'runc-state'),
    container: (id) => path.join(storage, 'overlay-containers', id, 'userdata'),
  };
};

/** The command line, with its configuration and what it starts in runc's place written. */
export function createPodman(place: PodmanPlace): Nerdctl {
  const data = path.join(place.dataDir, 'podman');
  const run = path.join(place.runDir, 'podman');
  const { storage, runc } = podmanFolders(place);
  recordLayerCache(place.ledger);
  const config = path.join(run, 'containers.conf');
  mkdirSync(run, { recursive: true, mode: 0o711 });
  mkdirSync(data, { recursive: true, mode: 0o711 });
  const settings = engineConfig({ temporary: path.join(run, 'tmp'), conmon: writeConmonWrapper(run) });
  writeFileSync(`${config}.new`, settings, { mode: 0o600 });
  renameSync(`${config}.new`, config);
  const runtime = writeRuncWrapper(run, { podmanRoot: runc });
  return commandLine((args) => [
    'env',
    `CONTAINERS_CONF=${config}`,
    place.binary,
    ...['--root', storage, '--runroot', path.join(run, 'state')],
    ...['--storage-driver', 'overlay', '--cgroup-manager', 'cgroupfs', '--runtime', runtime],
    ...['--network-config-dir', path.join(run, 'networks'), '--volumepath', path.join(data, 'volumes')],
    ...args,
  ]);
}
