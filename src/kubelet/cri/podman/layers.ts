// What podman's images and containers take on disk, counted in its folders: it keeps no account of inodes.
import { usageOfFolder } from '../../stats/disk-usage.ts';
import type { Nerdctl } from '../nerdctl/cli.ts';
import type { Layers } from '../nerdctl/stats.ts';

export function createPodmanLayers(podman: Nerdctl, storage: string): Layers {
  return {
    async writableLayers() {
      const { stdout } = await podman.run('ContainerStatsError', ['ps', '--quiet', '--no-trunc']);
      const ids = stdout.split('\n').filter(Boolean);
      if (ids.length === 0) return new Map();
      const format = '{{.Id}} {{.GraphDriver.Data.UpperDir}}';
      const told = await podman.run('ContainerStatsError', ['container', 'inspect', '--format', format, ...ids]);
      const folders = told.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' ') as [string, string]);
      return new Map(
        await Promise.all(folders.map(async ([id, folder]) => [id, await usageOfFolder(folder)] as const)),
      );
    },
    imageFilesystem: async () => ({ mountpoint: storage, ...(await usageOfFolder(storage)) }),
  };
}
