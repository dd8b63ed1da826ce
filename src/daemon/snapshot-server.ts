// Snapshots that the running server makes: on its schedule, and when `tsukube snapshot save` asks. One at a time.
import type { Clock } from '../clock.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { listSnapshots, removeRemains, removeSnapshot } from '../storage/snapshots/folder.ts';
import type { OnProgress } from '../storage/snapshots/progress.ts';
import { toPrune } from '../storage/snapshots/prune.ts';
import { defaultName, type Saved, saveSnapshot } from '../storage/snapshots/save.ts';
import type { Storage } from '../storage/storage.ts';
import type { Config } from './options.ts';
import type { ControlHandler } from './run-state.ts';
import { keyFiles, placesOf, programVersion, type SaveRequest } from './snapshot-places.ts';
import { createSnapshotSchedule } from './snapshot-schedule.ts';

export interface SnapshotServer extends Component {
  save(request: SaveRequest, tell: OnProgress): Promise<Saved>;
}

export interface SnapshotServerOptions {
  config: Pick<Config, 'data-dir' | 'storage' | 'snapshot-schedule' | 'snapshot-keep'>;
  storage: Storage;
  clock: Clock;
  log: Logger;
}

export function createSnapshotServer({ config, storage, clock, log }: SnapshotServerOptions): SnapshotServer {
  const ending = new AbortController();
  let last: Promise<unknown> = Promise.resolve();

  /** After the one that is being made. */
  function save(request: SaveRequest, tell: OnProgress): Promise<Saved> {
    const next = last.then(() => make(request, tell));
    last = next.catch(() => undefined); // whoever asked for it is told
    return next;
  }

  async function make({ name, into, how }: SaveRequest, tell: OnProgress): Promise<Saved> {
    const own = placesOf(config).into;
    if (into === undefined) await removeRemains(own);
    const time = clock.now();
    return saveSnapshot({
      into: into ?? own,
      name: name ?? defaultName(how, time),
      how,
      version: programVersion(),
      time,
      databaseBytes: (await storage.stats()).bytes,
      copy: (to, onProgress) => storage.backup(to, onProgress),
      files: await keyFiles(config['data-dir']),
      tell,
      signal: ending.signal,
    });
  }

  const schedule = config['snapshot-schedule'] !== '' && !config.storage.startsWith('memory:') && scheduled();

  function scheduled(): Component {
    const { into } = placesOf(config);
    return createSnapshotSchedule({
      clock,
      log,
      pattern: config['snapshot-schedule'],
      async last() {
        const [newest] = await listSnapshots(into);
        return newest?.manifest && Date.parse(newest.manifest.time);
      },
      async run() {
        const [newest] = await listSnapshots(into);
        if (newest?.manifest?.revision === storage.revision) return; // it would be the same once more
        await save({ how: 'schedule' }, () => undefined);
        const rule = { keep: config['snapshot-keep'], how: 'schedule' } as const;
        for (const { folder } of toPrune(await listSnapshots(into), rule, clock.now())) await removeSnapshot(folder);
      },
    });
  }

  return {
    name: 'snapshots',
    save,
    async start() {
      if (schedule) await schedule.start();
    },
    async stop() {
      ending.abort(new Error('the server is stopping'));
      if (schedule) await schedule.stop();
      await last;
    },
  };
}

/** What `tsukube snapshot save` asks over the control socket. */
export const snapshotControl =
  (snapshots: Pick<SnapshotServer, 'save'>): ControlHandler =>
  ({ query, tell }) =>
    snapshots.save(
      { how: 'manual', name: query.get('name') ?? undefined, into: query.get('into') ?? undefined },
      (progress) => tell(progress),
    );
