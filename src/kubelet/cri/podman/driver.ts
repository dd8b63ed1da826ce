// The podman driver: what of podman is not as nerdctl has it. conmon takes the place of containerd's shims, a folder of exit
// codes that of an event stream.
import path from 'node:path';
import type { Component } from '../../../lifecycle.ts';
import { LABEL_SANDBOX } from '../labels.ts';
import { createDialectRuntime, temporaryFolder } from '../nerdctl/dialect.ts';
import { createDialectAttach } from '../nerdctl/dialect-attach.ts';
import { createDialectImages } from '../nerdctl/dialect-images.ts';
import { createDialectLayers } from '../nerdctl/dialect-layers.ts';
import type { DialectRuntimeOptions } from '../nerdctl/options.ts';
import type { Runtime } from '../runtime.ts';
import { createPodman, podmanFolders } from './cli.ts';
import { followExits } from './exits.ts';
import { createPodmanProcesses, reopenLog } from './processes.ts';
import { createPodmanService } from './service.ts';

export function createPodmanRuntime(options: DialectRuntimeOptions): Runtime & Component {
  const { dataDir, runDir, ledger, clock, registries } = options;
  const folders = podmanFolders(options);
  const cli = createPodman({ binary: options.program, dataDir, runDir, ledger });
  const service = createPodmanService(cli, path.join(runDir, 'podman'));
  for (const folder of [folders.storage, path.join(runDir, 'podman')]) {
    ledger.record({ kind: 'mounts-below', path: folder });
  }
  return createDialectRuntime(options, {
    name: 'podman',
    cli,
    runcRoot: folders.runc,
    ownLabel: LABEL_SANDBOX, // the store is ours alone
    processes: createPodmanProcesses(cli, folders),
    images: createDialectImages(cli, { temporary: temporaryFolder(runDir, 'podman'), registries }),
    mountsImages: true,
    layers: createDialectLayers(cli, async () => folders.storage),
    cgroupOf: (id) => `libpod-${id}`,
    reopenLog: (id) => reopenLog(folders.container(id)),
    attach: createDialectAttach(service.socket),
    close: service.close,
    follow: (followed, signal, onSubscribed) => followExits({ folders, clock, ...followed }, signal, onSubscribed),
    versionFormat: '{{.Client.Version}}',
  });
}
