// `tsukube store stats`: how much is in the store, and of what.
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, size, snapshotSettings, table } from '../snapshot/flags.ts';

export class StoreStats extends PlainCommand {
  static override description = 'Show how much is in the store, of what, and how far back its history reaches';
  static override flags = { ...snapshotSettings, ...outputFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(StoreStats);
    const { storeStats } = await import('../../daemon/store.ts');
    const stats = await storeStats(configOf(flags));
    const text = await formatted(stats, flags.output);
    if (text !== undefined) this.log(text);
    else for (const line of render(stats)) this.log(line);
  }
}

type Stats = Awaited<ReturnType<typeof import('../../daemon/store.ts').storeStats>>;

export function render({ files, live }: Stats): string[] {
  const resources = files.flatMap((file) => file.resources);
  const sum = (of: (resource: (typeof resources)[number]) => number) => resources.reduce((all, r) => all + of(r), 0);
  const oldest = files[0]?.oldestChange;
  return [
    `revision ${live?.revision ?? Math.max(0, ...files.map((file) => file.newestRevision))}, ` +
      `${sum((r) => r.objects)} objects of ${size(sum((r) => r.bytes))}, ` +
      `history of ${sum((r) => r.revisions)} revisions and ${size(sum((r) => r.historyBytes))}`,
    ...(oldest?.time
      ? [`oldest change kept: revision ${oldest.revision}, ${new Date(oldest.time).toISOString()}`]
      : []),
    ...files.map(({ file, fileBytes, walBytes }) => `${file}: ${size(fileBytes)}, its log ${size(walBytes)}`),
    ...(live
      ? [
          `${live.changes} changes since the server started`,
          'without Events and Leases: their file, volatile.db, can be read when no server runs',
        ]
      : ['no server runs']),
    ...(live?.problems ?? []).map(({ message }) => `PROBLEM: ${message}`),
    '',
    ...table([
      ['RESOURCE', 'OBJECTS', 'SIZE', 'HISTORY', 'SIZE OF HISTORY'],
      ...resources.map((r) => [
        nameOf(r.resource),
        String(r.objects),
        size(r.bytes),
        String(r.revisions),
        size(r.historyBytes),
      ]),
    ]),
  ];
}

/** `/apps/deployments/` → deployments.apps, `/core/pods/` → pods */
function nameOf(prefix: string): string {
  const [, group, resource] = prefix.split('/');
  return group === 'core' ? String(resource) : `${resource}.${group}`;
}
