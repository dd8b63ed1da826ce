// What a method and a path ask for. The rules are those of k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.

export interface RequestInfo {
  isResource: boolean;
  path: string;
  /** get list watch create update patch delete deletecollection; for other paths the lower-case method. */
  verb: string;
  apiGroup: string;
  apiVersion: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** Path segments from the resource on: ['pods', 'a', 'proxy', 'x', 'y']. */
  parts: readonly string[];
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Upstream's two, and the history of the Namespace itself. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize', 'history']);

export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const info: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: [],
  };
  let parts = splitPath(path);
  if (parts.length < 3) return info;
  const prefix = parts[0];
  if (prefix === 'apis') {
    if (parts.length < 4) return info;
    info.apiGroup = parts[1] as string;
    parts = parts.slice(2);
  } else if (prefix === 'api') {
    parts = parts.slice(1);
  } else {
    return info;
  }
  info.isResource = true;
  info.apiVersion = parts[0] as string;
  parts = parts.slice(1);
  let legacyWatch = false;
  if ((parts[0] === 'watch' || parts[0] === 'proxy') && parts.length >= 2) {
    info.verb = parts[0];
    legacyWatch = parts[0] === 'watch';
    parts = parts.slice(1);
  } else {
    info.verb = VERBS[method] ?? '';
  }
  if (parts[0] === 'namespaces' && parts.length > 1) {
    info.namespace = parts[1] as string;
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] as string)) parts = parts.slice(2);
  }
  info.parts = parts;
  info.resource = parts[0] ?? '';
  info.name = parts[1] ?? '';
  info.subresource = info.verb === 'proxy' ? '' : (parts[2] ?? '');
  if (legacyWatch) return info;
  if (!info.name && info.verb === 'get') {
    info.verb = isTrue(query.get('watch')) ? 'watch' : 'list';
    info.name = nameFromSelector(query.get('fieldSelector') ?? '');
  } else if (!info.name && info.verb === 'delete') {
    info.verb = 'deletecollection';
    info.name = nameFromSelector(query.get('fieldSelector') ?? '');
  }
  return info;
}

/** How Go's query conversion reads a bool: present and empty is true, 0 and false are not. */
export const isTrue = (value: string | null): boolean =>
  value !== null && value.toLowerCase() !== 'false' && value !== '0';

/** The name that `metadata.name=x` asks for, so that authorization by name covers such lists. */
function nameFromSelector(selector: string): string {
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=!].*)$/.exec(term);
    if (match && !/[/%]|^\.\.?$/.test(match[1] as string)) return match[1] as string;
  }
  return '';
}

function splitPath(path: string): string[] {
  let [start, end] = [0, path.length];
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  if (start === end) return [];
  const segments = path.slice(start, end).split('/');
  return path.includes('%') ? segments.map(decodeSegment) : segments;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // no valid escape: names nothing that exists, which is what the answer will say
  }
}
