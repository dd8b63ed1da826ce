// Which representation the caller wants: Accept with its quality values and Kubernetes' parameters (as, v, g),
// as k8s.io/apiserver/pkg/endpoints/handlers/negotiation reads them.
import { notAcceptable, unsupportedMediaType } from '../apimachinery/status-error.ts';
import { PROTOBUF } from './protobuf-body.ts';
import { isTrue } from './request-info.ts';

export type BodyFormat = 'json' | 'yaml' | 'protobuf';

export interface Representation {
  format: BodyFormat;
  /** Sent as Content-Type; keeps no parameters but those of watches. */
  mediaType: string;
  /** Another shape of the same object; undefined for the object itself. */
  as?: { kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; version: 'v1' | 'v1beta1' };
  pretty: boolean;
}

export const FORMATS: Readonly<Record<string, BodyFormat>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
};

interface Clause {
  type: string;
  parameters: ReadonlyMap<string, string>;
  q: number;
}

const AS_KINDS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;

export interface NegotiationRequest {
  accept: string | undefined;
  userAgent: string | undefined;
  query: URLSearchParams;
  /** Which of the other shapes this answer has; none for what is no API object. */
  shapes: readonly string[];
}

/** Throws 406 when nothing on offer is acceptable. */
export function negotiate({ accept, userAgent, query, shapes }: NegotiationRequest): Representation {
  const pretty = wantsPretty(query, userAgent);
  if (!accept) return { format: 'json', mediaType: 'application/json', pretty };
  for (const clause of parseAccept(accept)) {
    const mediaType = mediaTypeFor(clause.type);
    if (mediaType === undefined) continue;
    const as = shapeOf(clause, shapes);
    if (as === 'unknown') continue;
    return { format: FORMATS[mediaType] as BodyFormat, mediaType, pretty, ...(as ? { as } : {}) };
  }
  const offered = Object.keys(FORMATS).join(', ');
  throw notAcceptable(`only the following media types are accepted: ${offered}`);
}

function mediaTypeFor(type: string): string | undefined {
  if (type === '*/*') return 'application/json';
  return Object.hasOwn(FORMATS, type) ? type : undefined;
}

function shapeOf({ parameters }: Clause, shapes: readonly string[]): Representation['as'] | 'unknown' {
  const kind = parameters.get('as');
  if (kind === undefined) return undefined;
  const version = parameters.get('v');
  const known = AS_KINDS.find((one) => one === kind);
  if (!known || !shapes.includes(known) || parameters.get('g') !== 'meta.k8s.io') return 'unknown';
  if (version !== 'v1' && version !== 'v1beta1') return 'unknown';
  return { kind: known, version };
}

/** Clauses by quality, then in the order they came. What has quality 0 is not wanted. */
export function parseAccept(accept: string): Clause[] {
  return accept
    .split(',')
    .map(parseClause)
    .filter((clause) => clause.type !== '' && clause.q > 0)
    .toSorted((a, b) => b.q - a.q);
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? ([part, ''] as const) : ([part.slice(0, at), part.slice(at + 1)] as const);
    }),
  );
  const q = Number(parameters.get('q') ?? 1);
  return { type: type.toLowerCase(), parameters, q: Number.isNaN(q) ? 1 : q };
}

/** People get indented answers: they ask for it, or come with a browser or curl. */
function wantsPretty(query: URLSearchParams, userAgent = ''): boolean {
  if (query.has('pretty')) return isTrue(query.get('pretty'));
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

/** The format of a body; no Content-Type means JSON. Throws 415. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  if (!contentType) return 'json';
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  const format = type === PROTOBUF ? 'protobuf' : FORMATS[type];
  if (!format) {
    const offered = [...Object.keys(FORMATS), PROTOBUF].join(', ');
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${offered}`,
    );
  }
  return format;
}
