// URLs as Go's net/url reads them (1.26): what a URL is, its parts, and the words for what is none.
import ipaddr from 'ipaddr.js';

export interface GoUrl {
  /** In lower case; '' for a path from the root. */
  scheme: string;
  /** With its port, without user and password. */
  host: string;
  /** As written, escapes and all; '' of what has no slash after its scheme. */
  path: string;
  query: string;
}

export class UrlError extends Error {}

/** Absolute, or a path from the root; a # is nothing special (url.ParseRequestURI). Throws UrlError. */
export function parseRequestUri(text: string): GoUrl {
  if (text === '') throw new UrlError('parse "": empty url');
  return told(text, () => parse(text, true));
}

/** With a fragment, which is left out (url.Parse). Throws UrlError. */
export function parseUrl(text: string): GoUrl {
  const [before, fragment] = cut(text, '#');
  return told(text, () => {
    checkEscapes(fragment);
    return parse(before, false);
  });
}

/** Why a text is no URL of a request; undefined for one that is. */
export function requestUriProblem(text: string): string | undefined {
  try {
    parseRequestUri(text);
    return undefined;
  } catch (error) {
    if (error instanceof UrlError) return error.message;
    throw error;
  }
}

export const isRequestUri = (text: string): boolean => requestUriProblem(text) === undefined;

class Reason extends Error {}

function told(text: string, read: () => GoUrl): GoUrl {
  try {
    return read();
  } catch (error) {
    if (error instanceof Reason) throw new UrlError(`parse ${JSON.stringify(text)}: ${error.message}`);
    throw error;
  }
}

function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
}

function parse(text: string, isRequest: boolean): GoUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are refused
  if (/[\x00-\x1f\x7f]/.test(text)) throw new Reason('net/url: invalid control character in URL');
  if (text === '*') return { scheme: '', host: '', path: '*', query: '' };
  if (text.startsWith(':')) throw new Reason('missing protocol scheme');
  const [, name = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text) ?? [];
  const scheme = name.toLowerCase();
  const [rest, query] = cut(name === '' ? text : text.slice(name.length + 1), '?');
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', path: '', query };
    if (isRequest) throw new Reason('invalid URI for request');
    if (/^[^/]*:/.test(rest)) throw new Reason('first path segment in URL cannot contain colon');
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !(isRequest || rest.startsWith('///')));
  const [, authority = '', path = ''] = hasAuthority ? (/^\/\/([^/]*)(.*)$/s.exec(rest) ?? []) : [rest, '', rest];
  const host = hostOf(authority, scheme);
  checkEscapes(path);
  return { scheme, host, path, query };
}

function checkEscapes(text: string): void {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text);
  if (wrong) throw new Reason(`invalid URL escape ${JSON.stringify(wrong[0])}`);
}

function hostOf(authority: string, scheme: string): string {
  const at = authority.lastIndexOf('@');
  const host = readHost(authority.slice(at + 1), scheme);
  if (at < 0) return host;
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new Reason('net/url: invalid userinfo');
  checkEscapes(user);
  return host;
}

function readHost(text: string, scheme: string): string {
  const open = text.lastIndexOf('[');
  if (open > 0) throw new Reason('invalid IP-literal');
  if (open === 0) return readLiteral(text);
  // Lists of hosts with ports are taken, but not of the web's schemes.
  const isWeb = scheme === 'http' || scheme === 'https';
  const colon = isWeb ? text.indexOf(':') : text.lastIndexOf(':');
  if (colon >= 0) checkPort(text.slice(colon));
  return unescapeHost(text);
}

/** An address of IPv6 in brackets, which may name a zone after %25. */
function readLiteral(text: string): string {
  const close = text.lastIndexOf(']');
  if (close < 0) throw new Reason("missing ']' in host");
  const port = text.slice(close + 1);
  checkPort(port);
  const [address, zone] = cut(text.slice(1, close), '%25');
  const bare = unescapeHost(address);
  if (ipaddr.IPv4.isValid(bare)) throw new Reason('invalid IP-literal');
  if (!ipaddr.IPv6.isValid(bare))
    throw new Reason(`invalid host: ParseAddr(${JSON.stringify(bare)}): unable to parse IP`);
  checkEscapes(zone);
  return `[${bare}${zone === '' ? '' : `%${decoded(zone)}`}]${port}`;
}

function checkPort(text: string): void {
  if (!/^(:\d*)?$/.test(text)) throw new Reason(`invalid port ${JSON.stringify(text)} after host`);
}

/** Only what is beyond ASCII may be escaped in a host, and the percent sign. */
function unescapeHost(text: string): string {
  checkEscapes(text);
  const needless = /%(?!25)[0-7]./.exec(text);
  if (needless) throw new Reason(`invalid URL escape ${JSON.stringify(needless[0])}`);
  const odd = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(text);
  if (odd) throw new Reason(`invalid character ${JSON.stringify(odd[0])} in host name`);
  return decoded(text);
}

const decoded = (text: string): string =>
  text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
