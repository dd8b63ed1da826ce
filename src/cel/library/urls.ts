// URLs, absolute or paths from the root (k8s.io/apiserver pkg/cel/library/urls.go over Go's net/url).
import { type GoUrl, isRequestUri, parseRequestUri, parseUrl, UrlError } from '../../apimachinery/go-url.ts';
import { dictOfEntries, listOfValues } from '../collections.ts';
import { failure, type Opaque, type Value } from '../values.ts';
import type { Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

/** As it was written, for telling whether two are the same. */
interface Url extends GoUrl {
  text: string;
}

const urls = opaqueKind<Url>('url', { same: (a, b) => a.text === b.text });

function parse(text: string): Value {
  try {
    parseRequestUri(text);
    return urls.of({ text, ...parseUrl(text) });
  } catch (error) {
    if (error instanceof UrlError) return failure(`URL parse error during conversion from string: ${error.message}`);
    throw error;
  }
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
    is_url_string: isRequestUri,
    url_get_scheme: ofUrl(({ scheme }) => scheme),
    url_get_host: ofUrl(({ host }) => host),
    url_get_hostname: ofUrl(hostnameOf),
    url_get_port: ofUrl(portOf),
    url_get_escaped_path: ofUrl(escapedPath),
    url_get_query: ofUrl(queryOf),
  },
};
