// By which runtime the pods of a data directory run: a file in it, from the first start until all pods are stopped. Pods
// of one runtime are not seen by another, which would run them a second time.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PRODUCT } from '../constants.ts';
import { isMissingFile } from '../missing-file.ts';
import { type Config, ConfigError } from './options.ts';
import type { RuntimeSettings } from './runtime-place.ts';

const CHOICES = ['container-runtime', 'container-runtime-endpoint', 'containerd'] as const;

export type RuntimeChoice = Pick<Config, (typeof CHOICES)[number]>;

const fileOf = (config: Pick<Config, 'data-dir'>): string => path.join(config['data-dir'], 'container-runtime.json');

/** undefined: no pod runs. */
export function recordedRuntime(config: Pick<Config, 'data-dir'>): RuntimeChoice | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(config), 'utf8')) as RuntimeChoice;
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}

/** Throws ConfigError when pods run by another one. */
export function recordRuntime(config: RuntimeSettings): void {
  const recorded = recordedRuntime(config);
  const changed = recorded && CHOICES.find((name) => recorded[name] !== config[name]);
  if (recorded && changed) {
    throw new ConfigError(
      `--${changed}: the pods of ${config['data-dir']} run with ${JSON.stringify(recorded[changed])}: stop them with "${PRODUCT} stop --all", then start with another`,
    );
  }
  if (recorded) return;
  mkdirSync(config['data-dir'], { recursive: true, mode: 0o700 });
  const choice = Object.fromEntries(CHOICES.map((name) => [name, config[name]]));
  writeFileSync(fileOf(config), JSON.stringify(choice), { mode: 0o600 });
}

export const forgetRuntime = (config: Pick<Config, 'data-dir'>): void => rmSync(fileOf(config), { force: true });
