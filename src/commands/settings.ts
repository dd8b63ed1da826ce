// Flags of commands that act on a server's directories: the settings they share with `tsukube server`.
import * as Flags from '@oclif/core/flags';
import { environmentName, loadConfig } from '../daemon/config.ts';
import { type Config, OPTIONS, type OptionName } from '../daemon/options.ts';

const NAMES = Object.keys(OPTIONS) as OptionName[];

/** Flags for all settings; help shows those of `shown`. A script may so give every command the same ones. */
export const settingFlags = (shown: readonly OptionName[]) =>
  Object.fromEntries(
    NAMES.map((name) => {
      const { description, default: value } = OPTIONS[name];
      const told = `${description}${value ? ` [default: ${value}]` : ''} (${environmentName(name)})`;
      return [name, Flags.string({ description: told, helpGroup: 'SETTINGS', hidden: !shown.includes(name) })];
    }),
  );

export const allSettings = settingFlags(NAMES);
export const placeSettings = settingFlags([
  'data-dir',
  'run-dir',
  'containerd',
  'cluster-cidr',
  'cni-conf-dir',
  'write-kubeconfig',
]);

export const configFlag = {
  config: Flags.string({
    description: 'YAML file of settings, by their names here (TSUKUBE_CONFIG)',
    env: 'TSUKUBE_CONFIG',
  }),
};

/** What was parsed, as one configuration; throws ConfigError. */
export function configOf(flags: Readonly<Record<string, unknown>>): Config {
  const { config: file, ...given } = flags;
  const texts = Object.entries(given).filter(
    (entry): entry is [string, string] => entry[0] in OPTIONS && typeof entry[1] === 'string',
  );
  return loadConfig({ flags: Object.fromEntries(texts), env: process.env, file: file as string | undefined });
}
