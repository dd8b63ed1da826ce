// Answers as they are compared: what a server chooses freely becomes a placeholder, what the request itself says
// stays. Must do exactly what the recorder did, whose output the recordings are.
import { decoded } from './encoded.ts';
import type { Reply } from './http.ts';
import type { Answer, Step } from './scenario.ts';

export type Variables = Record<string, string>;

type Fields = Record<string, unknown>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value a JSON pointer leads to. */
export const pointer = (value: unknown, path: string): unknown =>
  path
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (at as Fields | undefined)?.[key.replace(/~1/g, '/').replace(/~0/g, '~')], value);

/** What the answers of one scenario are normalised with. */
export interface Normaliser {
  /** All requests so far, as JSON. */
  said: string;
  variables: Variables;
}

export function normalAnswer(given: Reply, normaliser: Normaliser, step: Omit<Step, 'want'>): Answer {
  const { also = [], pick, keys, without } = step;
  const { method, path, body } = step.do;
  const form = also.includes('decoded') ? decoded(given.contentType ?? '', given.bytes) : undefined;
  const reply = form ? { ...given, json: form.value } : given;
  const want: Answer = { code: reply.code };
  if (form?.again !== undefined) want.again = form.again;
  if (reply.warnings) want.warn = reply.warnings;
  if (also.includes('contentType')) want.contentType = reply.contentType;
  if (also.includes('text')) want.text = normal(reply.text, normaliser);
  if (also.includes('words') && reply.warning) want.warning = normal(reply.warning, normaliser);
  const metadata = isFields(body) ? (body.metadata as Fields | undefined) : undefined;
  if (reply.code === 200 && method === 'GET' && /[?&]watch=(1|true)\b/.test(path)) {
    want.events = normalEvents(eventsOf(reply), normaliser, { path, also });
  } else if (isFields(reply.json) && reply.json.kind === 'Status') {
    want.status = normalStatus(reply.json, normaliser, { also, metadata });
  } else if (reply.json !== undefined) {
    const object = without ? drop(reply.json, new RegExp(without)) : reply.json;
    if (keys !== undefined) want.keys = Object.keys((pointer(object, keys) as Fields | undefined) ?? {}).sort();
    else if (pick) {
      want.object = Object.fromEntries(
        pick.map((at) => [at, normal(pointer(object, at), normaliser, { key: at.split('/').at(-1) as string })]),
      );
    } else want.object = normal(object, normaliser);
  }
  return want;
}

/** Of a line each, unless they are decoded. */
const eventsOf = ({ json, text }: Reply): Fields[] =>
  Array.isArray(json)
    ? (json as Fields[])
    : text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Fields);

function normalEvents(
  events: readonly Fields[],
  normaliser: Normaliser,
  { path, also }: { path: string; also: readonly string[] },
) {
  return (
    events
      // Other bookmarks come by the clock.
      .filter((event) => {
        const counts = !/allowWatchBookmarks/.test(path) || /initial-events-end/.test(JSON.stringify(event));
        return event.type !== 'BOOKMARK' || counts;
      })
      .map((event) => {
        if (event.type !== 'ERROR') return normal(event, normaliser);
        const status = event.object as Fields;
        return { type: event.type, status: { code: status.code, ...normalStatus(status, normaliser, { also }) } };
      })
  );
}

function normalStatus(
  status: Fields,
  normaliser: Normaliser,
  { also, metadata }: { also: readonly string[]; metadata?: Fields | undefined },
): Fields {
  const { causes: given = [], ...details } = (status.details ?? {}) as Fields & { causes?: Fields[] };
  const words = (message: unknown) =>
    also.includes('words') && message ? { message: normal(message, normaliser) } : {};
  const causes = given.map(({ reason, field, message }) => ({
    reason,
    field: field && normal(field, normaliser),
    ...words(message),
  }));
  if (details.name && metadata?.generateName && !metadata.name) {
    details.name = `${(details.name as string).slice(0, -5)}<gen>`;
  }
  return {
    reason: status.reason,
    ...words(status.message),
    ...(causes.length > 0 ? { causes } : {}),
    ...(also.includes('details') ? { details: normal(details, normaliser) } : {}),
  };
}

const placeholder = (name: string): string => `\${${name}}`;

interface Place {
  key?: string;
  parent?: unknown;
}

function normal(value: unknown, normaliser: Normaliser, { key = '', parent }: Place = {}): unknown {
  const { said, variables } = normaliser;
  const named = (text: string) =>
    text.replaceAll(variables.ns as string, placeholder('ns')).replaceAll(variables.id as string, placeholder('id'));
  if (Array.isArray(value)) return value.map((item) => normal(item, normaliser, { key, parent: value }));
  if (isFields(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => {
        if (name === 'name' && value.generateName) return [name, `${normal(value.generateName, normaliser)}<gen>`];
        return [named(name), normal(part, normaliser, { key: name, parent: value })];
      }),
    );
  }
  if (typeof value === 'number') {
    return /^(nodePort|healthCheckNodePort)$/.test(key) && !said.includes(String(value)) ? '<port>' : value;
  }
  if (typeof value !== 'string') return value;
  if (key === 'resourceVersion') return normalRevision(value, variables);
  if (key === 'continue') return value && '<continue>';
  if (key === 'description' && isFields(parent) && parent.priority !== undefined && parent.format !== undefined) {
    return '<text>'; // a table's column
  }
  return normalText(named(value), said, key);
}

function normalRevision(value: string, variables: Variables): string {
  if (value === '' || value === '0') return value;
  const same = Object.keys(variables).find((name) => name.startsWith('same') && variables[name] === value);
  return `<${same ?? 'rv'}>`;
}

function normalText(text: string, said: string, key: string): string {
  const unsaid = (placeholder: string, said_: (match: string) => string) => (match: string) =>
    said.includes(said_(match)) ? match : placeholder;
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) && !said.includes(text)) return '<time>';
  if (/^(clusterIPs?|ip)$/.test(key) && /^[\d.]+$|^[\da-f:]+$/.test(text) && !said.includes(text)) return '<ip>';
  let result = text.replace(
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
    unsaid('<uid>', (match) => match),
  );
  if (key === 'cells' && /^(\d+[smhdy]){1,2}$/.test(result)) return '<age>';
  if (key === 'cells' && !said.includes(result)) {
    result = result
      .replace(
        /:\d{5}\//g,
        unsaid(':<port>/', (match) => match.slice(1, -1)),
      )
      .replace(
        /\b10\.43\.\d+\.\d+\b/g,
        unsaid('<ip>', (match) => match),
      );
  }
  if (key === 'token' && /^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(result)) return '<token>';
  return result.replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<gen>');
}

/** Without list elements and keys whose name matches, at any depth. */
function drop(value: unknown, names: RegExp): unknown {
  if (Array.isArray(value)) {
    const nameOf = (item: unknown) => pointer(item, '/name') ?? pointer(item, '/metadata/name') ?? '';
    return value.filter((item) => !names.test(String(nameOf(item)))).map((item) => drop(item, names));
  }
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !names.test(key));
  return Object.fromEntries(kept.map(([key, part]) => [key, drop(part, names)]));
}
