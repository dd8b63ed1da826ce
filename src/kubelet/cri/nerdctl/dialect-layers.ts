// What images and containers of podman or docker take on disk, counted in their folders: they keep no account of inodes.
import { usageOfFolder } from '../../stats/disk-usage.ts';
import type { Nerdctl } from './cli.ts';
import type { Layers } from './stats.ts';

/** `storage` is where the program keeps them. */
export function createDialectLayers(cli: Nerdctl, storage: () => Promise<string>): Layers {
  return {
    async writableLayers() {
      const { stdout } = await cli.run('ContainerStatsError', ['ps', '--quiet', '--no-trunc']);
      const ids = stdout.split('\n').filter(Boolean);
      if (ids.length === 0) return new Map();
      const format = '{{.Id}} {{.GraphDriver.Data.UpperDir}}';
      const told = await cli.run('ContainerStatsError', ['container', 'inspect', '--format', format, ...ids]);
      const folders = told.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' ') as [string, string]);
      return new Map(
        await Promise.all(folders.map(async ([id, folder]) => [id, await usageOfFolder(folder)] as const)),
      );
    },
    async imageFilesystem() {
      const mountpoint = await storage();
      return { mountpoint, ...(await usageOfFolder(mountpoint)) };
    },
  };
}
