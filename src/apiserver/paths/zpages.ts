// /statusz and /flagz: what runs here, and how it was started, for people; as objects for who asks for exactly that
// (k8s.io/apiserver/pkg/server/statusz, flagz).
import { notAcceptable } from '../../apimachinery/status-error.ts';
import { type Clock, timestamp } from '../../clock.ts';
import { parseAccept } from '../accept.ts';
import { encodingOf } from '../represent.ts';
import { type ApiResult, header } from '../request.ts';
import type { PathHandler } from './path-table.ts';
import { versionInfo } from './version.ts';

const GROUP = 'config.k8s.io';
const VERSIONS = ['v1alpha1', 'v1beta1'] as const;
const DEPRECATED: ReadonlySet<string> = new Set(['v1alpha1']);
const FORMATS = [
  { type: 'application', subtype: 'json', format: 'json' },
  { type: 'application', subtype: 'yaml', format: 'yaml' },
  { type: 'text', subtype: 'plain', format: 'text' },
] as const;

interface Page {
  kind: 'Statusz' | 'Flagz';
  /** Members beside kind, apiVersion and metadata. */
  members(): Record<string, unknown>;
  lines(): string[];
}

type Wanted = { format: 'text' } | { format: 'json' | 'yaml'; version: string };

/** The first clause that fits: text has no kind, the others need one. Throws 406. */
function negotiate(accept: string, kind: string): Wanted {
  for (const { type, subtype, parameters } of parseAccept(accept)) {
    const asked = ['as', 'g', 'v'].map((name) => parameters.get(name));
    const version = VERSIONS.find((one) => asked.join() === [kind, GROUP, one].join());
    const bare = asked.every((value) => value === undefined);
    for (const offered of FORMATS) {
      const fits = (type === '*' || type === offered.type) && (subtype === '*' || subtype === offered.subtype);
      if (!fits) continue;
      if (offered.format === 'text') {
        if (bare) return { format: 'text' };
      } else if (version) return { format: offered.format, version };
    }
  }
  const types = FORMATS.map(({ type, subtype }) => `${type}/${subtype}`).join(', ');
  throw notAcceptable(`only the following media types are accepted: ${types}`);
}

function zpage({ kind, members, lines }: Page): PathHandler {
  return ({ request }): ApiResult => {
    const accept = header(request, 'accept') ?? '';
    const wanted: Wanted = accept.trim() === '' ? { format: 'text' } : negotiate(accept, kind);
    const name = kind.toLowerCase();
    if (wanted.format === 'text') {
      const body = [
        '',
        `apiserver ${name}`,
        'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.',
        ...lines(),
        '',
      ].join('\n');
      return { type: 'raw', status: 200, contentType: 'text/plain; charset=utf-8', body };
    }
    const { format, version } = wanted;
    const object = { kind, apiVersion: `${GROUP}/${version}`, metadata: { name: 'apiserver' }, ...members() };
    const mediaType = `application/${format}`;
    const encoded = encodingOf({ format, pretty: true }).value(object);
    const warning = `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`;
    return {
      type: 'raw',
      status: 200,
      contentType: `${mediaType};g=${GROUP};v=${version};as=${kind}`,
      body: Buffer.concat(encoded),
      ...(DEPRECATED.has(version) ? { headers: { warning } } : {}),
    };
  };
}

/** `paths`: those that tell of the server itself. */
export function statuszHandler({ clock, paths }: { clock: Clock; paths: readonly string[] }): PathHandler {
  const startTime = timestamp(clock);
  const started = clock.monotonic();
  const uptime = () => Math.floor((clock.monotonic() - started) / 1000);
  const members = () => ({
    startTime,
    uptimeSeconds: uptime(),
    goVersion: versionInfo.compiler,
    binaryVersion: versionInfo.gitVersion.slice(1),
    emulationVersion: `${versionInfo.emulationMajor}.${versionInfo.emulationMinor}`,
    paths: paths.toSorted(),
  });
  return zpage({
    kind: 'Statusz',
    members,
    lines() {
      const { goVersion, binaryVersion, emulationVersion } = members();
      const [hours, minutes, seconds] = [uptime() / 3600, (uptime() / 60) % 60, uptime() % 60].map(Math.floor);
      const two = (n = 0) => String(n).padStart(2, '0');
      return [
        '',
        `Started: ${startTime}`,
        `Up: ${hours} hr ${two(minutes)} min ${two(seconds)} sec`,
        `Go version: ${goVersion}`,
        `Binary version: ${binaryVersion}`,
        `Emulation version: ${emulationVersion}`,
        `Paths: ${paths.toSorted().join(' ')}`,
      ];
    },
  });
}

/** `flags`: as they are in force, without secrets. */
export const flagzHandler = (flags: Readonly<Record<string, string>>): PathHandler =>
  zpage({
    kind: 'Flagz',
    members: () => ({ flags }),
    lines: () =>
      Object.entries(flags)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}: ${value}`),
  });
