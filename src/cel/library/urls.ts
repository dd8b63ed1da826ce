// URLs, absolute or paths from the root (k8s.io/apiserver pkg/cel/library/urls.go over Go's net/url).
import { dictOfEntries, listOfValues } from '../collections.ts';
import { failure, type Opaque, type Value } from '../values.ts';
import type { Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

interface Url {
  text: string;
  scheme: string;
  host: string;
  path: string;
  query: string;
}

const urls = opaqueKind<Url>('url', { same: (a, b) => a.text === b.text });

const PARTS = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/** The parts, or what is wrong. Requests have no fragment: a # is part of the path there. */
export function readUrl(text: string): Url | string {
  const bad = (why: string) => `parse ${JSON.stringify(text)}: ${why}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are refused
  if (/[\x00-\x1f\x7f]/.test(text)) return bad('net/url: invalid control character in URL');
  if (text === '') return bad('empty url');
  const [, scheme = '', authority, path = '', query = ''] = PARTS.exec(text) ?? [];
  if (!scheme && !text.startsWith('/')) {
    if (text.startsWith(':')) return bad('missing protocol scheme');
    return bad('invalid URI for request');
  }
  const host = authority?.replace(/^[^@]*@/, '') ?? '';
  const escaped = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(host + path);
  if (escaped) return bad(`invalid URL escape ${JSON.stringify(escaped[0])}`);
  const odd = /[ "<>\\^`{|}]/.exec(host);
  if (odd) return bad(`invalid character ${JSON.stringify(odd[0])} in host name`);
  const port = /^(?:\[[^\]]*\]|[^:]*)(:.*)?$/s.exec(host)?.[1];
  if (port === undefined ? host.startsWith('[') && !host.endsWith(']') : !/^:\d*$/.test(port)) {
    return bad(`invalid port ${JSON.stringify(port ?? '')} after host`);
  }
  return { text, scheme: scheme.toLowerCase(), host, path, query };
}

function parse(text: string): Value {
  const url = readUrl(text);
  return typeof url === 'string' ? failure(`URL parse error during conversion from string: ${url}`) : urls.of(url);
}

const portOf = ({ host }: Url): string => /:(\d*)$/.exec(host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '';

function hostnameOf(url: Url): string {
  const inBrackets = /^\[([^\]]*)\]/.exec(url.host)?.[1];
  return inBrackets ?? url.host.replace(/:\d*$/, '');
}

/** What may not stand in a path is escaped. */
const escapedPath = ({ path }: Url): string =>
  path.replace(/[^A-Za-z0-9$&+,/:;=@\-_.~!'()*%[\]]+/gu, encodeURIComponent);

function unescapeQuery(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const bytes = text.replaceAll('+', ' ').replace(/%[0-9a-fA-F]{2}/g, (hex) => hex);
  const parts = bytes.split(/(%[0-9a-fA-F]{2})/).map((part, i) => {
    return i % 2 === 1 ? Buffer.of(Number.parseInt(part.slice(1), 16)) : Buffer.from(part);
  });
  return Buffer.concat(parts).toString();
}

function queryOf({ query }: Url): Value {
  const found = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const equals = part.indexOf('=');
    const key = unescapeQuery(equals < 0 ? part : part.slice(0, equals));
    const value = unescapeQuery(equals < 0 ? '' : part.slice(equals + 1));
    if (key === undefined || value === undefined) continue;
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return dictOfEntries([...found].map(([key, values]) => ({ key, value: listOfValues(values) })));
}

const ofUrl = (read: (url: Url) => Value) => (url: Opaque) => read(urls.read(url));

export const urlLibrary: Library = {
  declare: [
    'url string_to_url (string) -> url',
    'isURL is_url_string (string) -> bool',
    'getScheme url_get_scheme url.() -> string',
    'getHost url_get_host url.() -> string',
    'getHostname url_get_hostname url.() -> string',
    'getPort url_get_port url.() -> string',
    'getEscapedPath url_get_escaped_path url.() -> string',
    'getQuery url_get_query url.() -> map(string, list(string))',
  ],
  implement: {
    string_to_url: parse,
    is_url_string: (text: string) => typeof readUrl(text) !== 'string',
    url_get_scheme: ofUrl(({ scheme }) => scheme),
    url_get_host: ofUrl(({ host }) => host),
    url_get_hostname: ofUrl(hostnameOf),
    url_get_port: ofUrl(portOf),
    url_get_escaped_path: ofUrl(escapedPath),
    url_get_query: ofUrl(queryOf),
  },
};
