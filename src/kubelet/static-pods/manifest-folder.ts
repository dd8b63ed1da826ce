// A folder of manifests, or one file, followed by the kernel's word (pkg/kubelet/config/file.go). Names that begin with
// a dot and folders within are passed over; a manifest that is wrong is told and leaves what ran before it.
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../api/types/core/v1.ts';
import { type Clock, type Timer, timestamp } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { ifMissing } from '../../missing-file.ts';
import { parseManifest } from './manifest.ts';

/** Editors write in several steps. */
const SETTLE_MS = 100;

export interface ManifestFolder {
  /** Reads all, and again at every change, until `stop`. A folder that is not there is made. */
  start(changed: (pods: readonly Pod[]) => void): Promise<void>;
  stop(): Promise<void>;
}

export function followManifests(
  place: string,
  options: { nodeName: string; clock: Clock; log: Logger },
): ManifestFolder {
  const { clock, log, nodeName } = options;
  const known = new Map<string, { text: string; pod: Pod | undefined }>();
  let watcher: FSWatcher | undefined;
  let timer: Timer | undefined;
  let reading: Promise<void> = Promise.resolve();

  async function filesOf(): Promise<string[]> {
    const found = await stat(place).catch(ifMissing(undefined)); // taken away: no pods
    if (!found?.isDirectory()) return found ? [place] : [];
    const names = await readdir(place, { withFileTypes: true });
    return names
      .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
      .map((entry) => path.join(place, entry.name))
      .sort();
  }

  async function podOf(file: string): Promise<Pod | undefined> {
    const text = await readFile(file, 'utf8').catch(ifMissing(undefined)); // gone meanwhile
    if (text === undefined) {
      known.delete(file);
      return undefined;
    }
    const before = known.get(file);
    if (before?.text === text) return before.pod;
    let pod = before?.pod;
    try {
      pod = parseManifest(text, { file, nodeName, seen: timestamp(clock) });
    } catch (error) {
      log.error({ file, reason: (error as Error).message }, 'this manifest of a static pod cannot be used; correct it');
    }
    known.set(file, { text, pod });
    return pod;
  }

  async function read(changed: (pods: readonly Pod[]) => void): Promise<void> {
    const files = await filesOf();
    for (const file of known.keys()) if (!files.includes(file)) known.delete(file);
    const pods = await Promise.all(files.map(podOf));
    changed(pods.filter((pod) => pod !== undefined));
  }

  return {
    async start(changed) {
      const isThere = await stat(place).then(
        () => true,
        () => false,
      );
      if (!isThere) await mkdir(place, { recursive: true, mode: 0o700 });
      const isFolder = (await stat(place)).isDirectory();
      // A file is often replaced by another of its name: its folder tells of that too.
      watcher = watch(isFolder ? place : path.dirname(place), () => {
        timer?.cancel();
        timer = clock.after(SETTLE_MS, () => {
          reading = reading
            .then(() => read(changed))
            .catch((error: unknown) => log.error({ err: error }, 'manifests of static pods cannot be read'));
        });
      });
      watcher.on('error', (error) =>
        log.error({ err: error, place }, 'changes of static pods are not noticed any more'),
      );
      await read(changed);
    },
    async stop() {
      watcher?.close();
      timer?.cancel();
      await reading;
    },
  };
}
