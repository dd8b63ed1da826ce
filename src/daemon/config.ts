// Flags, environment and file become one typed value. The first that names an option wins, in that order;
// then comes the default. A value that cannot be taken is told with where it stands.
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { type Config, ConfigError, OPTIONS, type Option, type OptionName } from './options.ts';

export interface ConfigSources {
  /** Of the command line, by option name. */
  flags: Readonly<Record<string, string | undefined>>;
  env: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML file whose keys are option names. */
  file?: string;
}

const NAMES = Object.keys(OPTIONS) as OptionName[];

/** 'data-dir' → TSUKUBE_DATA_DIR */
export const environmentName = (option: string): string => `TSUKUBE_${option.toUpperCase().replaceAll('-', '_')}`;

/** Throws ConfigError. */
export function loadConfig(sources: ConfigSources): Config {
  const file = sources.file === undefined ? {} : readConfigFile(sources.file);
  const entries = NAMES.map((name) => {
    const option = OPTIONS[name] as Option<unknown>;
    const variable = environmentName(name);
    const [value, origin] =
      sources.flags[name] !== undefined
        ? [sources.flags[name], `--${name}`]
        : sources.env[variable] !== undefined
          ? [sources.env[variable], variable]
          : file[name] !== undefined
            ? [file[name], `${sources.file}: ${name}`]
            : [option.default, `--${name}`];
    try {
      return [name, option.parse(value)];
    } catch (error) {
      throw new ConfigError(`${origin}: ${JSON.stringify(value)} ${(error as Error).message}`);
    }
  });
  return Object.fromEntries(entries) as unknown as Config;
}

function readConfigFile(path: string): Record<string, string> {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`the config file ${path} cannot be read: ${(error as Error).message}`);
  }
  const document = parseDocument(source);
  const broken = document.errors[0];
  if (broken) throw new ConfigError(`${path}: ${broken.message.split(/:?\n/)[0]}`); // after it, the line itself
  const content: unknown = document.toJS() ?? {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new ConfigError(`${path}: must be a list of settings such as "port: 6443"`);
  }
  return Object.fromEntries(
    Object.entries(content as Record<string, unknown>).map(([name, value]) => {
      if (!(NAMES as string[]).includes(name)) {
        throw new ConfigError(`${path}: there is no setting "${name}"; "tsukube server --help" lists them`);
      }
      return [name, asText(path, name, value)];
    }),
  );
}

function asText(path: string, name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => asText(path, name, item)).join(',');
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ConfigError(`${path}: ${name} must be a text, a number or a list of them`);
}
