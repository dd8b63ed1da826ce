// Where a webhook is: at a URL or behind a Service (k8s.io/apiserver pkg/util/webhook/validation.go).
import { isDNS1123Subdomain, isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

interface ServiceReference {
  namespace?: string;
  name?: string;
  path?: string;
  port?: number;
}

export interface ClientConfig {
  url?: string;
  service?: ServiceReference;
}

export function clientConfigErrors({ url, service }: ClientConfig, path: string): FieldError[] {
  if (url !== undefined && !service) return urlErrors(url, `${path}.url`);
  if (service && url === undefined) return serviceErrors(service, `${path}.service`);
  return [fieldError.required(path, 'exactly one of url or service is required')];
}

const FORM = '; desired format: https://host[/path]';
/** Scheme, authority, path, query and fragment (RFC 3986, appendix B). */
const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is;
const BAD_ESCAPE = /%(?![0-9a-f]{2})/i;

function urlErrors(url: string, path: string): FieldError[] {
  const [, scheme = '', authority = '', rest = '', query = '', fragment = ''] = URL_PARTS.exec(url) ?? [];
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  if (isUnreadable(url, { scheme, authority, host, rest })) {
    return [fieldError.required(path, `url must be a valid URL: parse ${JSON.stringify(url)}${FORM}`)];
  }
  const invalid = (value: string, text: string) => fieldError.invalid(path, value, text);
  return [
    ...(scheme.toLowerCase() === 'https' ? [] : [invalid(scheme, `'https' is the only allowed URL scheme${FORM}`)]),
    ...(host ? [] : [invalid(host, `host must be specified${FORM}`)]),
    ...(at < 0 ? [] : [invalid(authority.slice(0, at), 'user information is not permitted in the URL')]),
    ...(fragment ? [invalid(fragment, 'fragments are not permitted in the URL')] : []),
    ...(query ? [invalid(query, 'query parameters are not permitted in the URL')] : []),
  ];
}

/** What Go's url.Parse refuses. */
function isUnreadable(
  url: string,
  { scheme, authority, host, rest }: { scheme: string; authority: string; host: string; rest: string },
): boolean {
  const control = [...url].some((char) => char < ' ' || char === '\x7f');
  const port = /:([^\]]*)$/.exec(host)?.[1] ?? '';
  const colonFirst = !scheme && !authority && (rest.split('/')[0] ?? '').includes(':');
  return control || BAD_ESCAPE.test(url) || /[ <>"\\^`{|}]/.test(authority) || !/^\d*$/.test(port) || colonFirst;
}

/** Upstream mixes up the two names in what it reports; so must we. */
function serviceErrors({ namespace, name, path: urlPath, port = 0 }: ServiceReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!namespace) errors.push(fieldError.required(`${path}.name`));
  if (!name) errors.push(fieldError.required(`${path}.namespace`));
  const problems = isValidPortNum(port);
  if (problems.length > 0) {
    errors.push(fieldError.invalid(`${path}.port`, port, `port is not valid: ${problems.join(', ')}`));
  }
  if (!urlPath || urlPath === '/') return errors;
  return [...errors, ...pathProblems(urlPath).map((text) => fieldError.invalid(`${path}.path`, urlPath, text))];
}

function pathProblems(urlPath: string): string[] {
  if (urlPath === '//') return ['segment[0] may not be empty'];
  const start = urlPath.startsWith('/') ? [] : ["must start with a '/'"];
  const steps = urlPath.slice(1).replace(/\/$/, '').split('/');
  const wrong = steps.flatMap((step, i) =>
    step === '' ? [`segment[${i}] may not be empty`] : isDNS1123Subdomain(step).map((text) => `segment[${i}]: ${text}`),
  );
  return [...start, ...wrong];
}
