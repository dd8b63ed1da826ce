// The file that says which programs know credentials of which images, in upstream's form (kubelet.config.k8s.io
// CredentialProviderConfig; pkg/credentialprovider/plugin/config.go).
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { decodeYaml } from '../../apimachinery/codec/yaml.ts';
import { parseDuration } from '../../apimachinery/duration.ts';

export interface CredentialProvider {
  /** The program's path. */
  program: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  matchImages: readonly string[];
  defaultCacheMs: number;
  apiVersion: string;
}

const CONFIG_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `kubelet.config.k8s.io/${version}`);
const PLUGIN_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `credentialprovider.kubelet.k8s.io/${version}`);

interface Written {
  name?: unknown;
  matchImages?: unknown;
  defaultCacheDuration?: unknown;
  apiVersion?: unknown;
  args?: unknown;
  env?: unknown;
  tokenAttributes?: unknown;
}

/** Throws an Error that says what of `text` is wrong, and where. */
export function parseCredentialProviders(text: string, binDir: string): CredentialProvider[] {
  const { value } = decodeYaml(text);
  const { kind, apiVersion, providers } = (value ?? {}) as {
    kind?: unknown;
    apiVersion?: unknown;
    providers?: unknown;
  };
  if (kind !== 'CredentialProviderConfig') throw new Error('kind must be CredentialProviderConfig');
  if (!CONFIG_VERSIONS.includes(String(apiVersion)))
    throw new Error(`apiVersion must be ${CONFIG_VERSIONS.join(' or ')}`);
  if (!Array.isArray(providers) || providers.length === 0) throw new Error('providers must have at least one item');
  const names = providers.map((provider: Written) => provider?.name);
  return providers.map((provider: Written, i) => {
    const at = `providers[${i}]`;
    if (names.indexOf(provider?.name) !== i) throw new Error(`${at}.name is there twice`);
    return providerOf(provider ?? {}, { at, binDir });
  });
}

function providerOf(provider: Written, { at, binDir }: { at: string; binDir: string }): CredentialProvider {
  const { name, matchImages, apiVersion, args = [], env = [], tokenAttributes } = provider;
  if (typeof name !== 'string' || !/^[^/ ]+$/.test(name) || name === '.' || name === '..') {
    throw new Error(`${at}.name must be the name of a program in the folder of such programs`);
  }
  if (!PLUGIN_VERSIONS.includes(String(apiVersion))) {
    throw new Error(`${at}.apiVersion must be ${PLUGIN_VERSIONS.join(' or ')}`);
  }
  if (!isTexts(matchImages) || matchImages.length === 0)
    throw new Error(`${at}.matchImages must have at least one text`);
  if (!isTexts(args)) throw new Error(`${at}.args must be texts`);
  if (tokenAttributes !== undefined)
    throw new Error(`${at}.tokenAttributes is not supported: plugins get no tokens here`);
  const program = path.join(binDir, name);
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new Error(`${at}.name: there is no program ${program}`, { cause });
  }
  return {
    program,
    args,
    env: environmentOf(env, at),
    matchImages,
    defaultCacheMs: cacheMs(provider.defaultCacheDuration, at),
    apiVersion: apiVersion as string,
  };
}

function cacheMs(text: unknown, at: string): number {
  const wrong = `${at}.defaultCacheDuration must be a duration of 0 or more, such as 10m`;
  try {
    const nanoseconds = parseDuration(String(text));
    if (nanoseconds >= 0n) return Number(nanoseconds / 1_000_000n);
  } catch (cause) {
    throw new Error(wrong, { cause });
  }
  throw new Error(wrong);
}

function environmentOf(env: unknown, at: string): Record<string, string> {
  if (!Array.isArray(env)) throw new Error(`${at}.env must be a list`);
  return Object.fromEntries(
    env.map((one: { name?: unknown; value?: unknown }) => {
      if (typeof one?.name !== 'string' || typeof one.value !== 'string') {
        throw new Error(`${at}.env must be of names and values`);
      }
      return [one.name, one.value];
    }),
  );
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
