// Which representation the caller wants: Accept with its quality values and Kubernetes' parameters, as
// k8s.io/apiserver/pkg/endpoints/handlers/negotiation reads them; and which format a body has.
import { notAcceptable, routeNotAcceptable, unsupportedMediaType } from '../apimachinery/status-error.ts';
import { parseAccept } from './accept.ts';
import { PROTOBUF } from './protobuf-body.ts';

export type BodyFormat = 'json' | 'yaml' | 'protobuf' | 'cbor';

export interface MediaType {
  type: string;
  format: BodyFormat;
  /** What a watch in this format is called; none for what has no watches. */
  stream?: string;
  /** The Content-Type of such a watch, where it differs from `type`. */
  streamContent?: string;
}

/** In the order of upstream's lists. Bodies may be of these as well. */
export const MEDIA_TYPES: readonly MediaType[] = [
  { type: 'application/json', format: 'json', stream: 'application/json;stream=watch' },
  { type: 'application/yaml', format: 'yaml' },
  {
    type: PROTOBUF,
    format: 'protobuf',
    stream: `${PROTOBUF};stream=watch`,
    streamContent: `${PROTOBUF};stream=watch`,
  },
];

/** With the gate CBORServingAndStorage, which is alpha and off in v1.36. */
export const WITH_CBOR: readonly MediaType[] = [
  ...MEDIA_TYPES,
  { type: 'application/cbor', format: 'cbor', stream: 'application/cbor-seq', streamContent: 'application/cbor-seq' },
];

export const speaksCbor = (mediaTypes: readonly MediaType[] = MEDIA_TYPES): boolean =>
  mediaTypes.some(({ format }) => format === 'cbor');

export interface Representation {
  format: BodyFormat;
  /** Sent as Content-Type. */
  mediaType: string;
  /** Another shape of the same object; undefined for the object itself. */
  as?: { kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; version: 'v1' | 'v1beta1' };
  pretty: boolean;
}

const AS_KINDS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;

export interface NegotiationRequest {
  accept: string | undefined;
  userAgent: string | undefined;
  query: URLSearchParams;
  /** Which of the other shapes this answer has; none for what is no API object. */
  shapes: readonly string[];
  /** The answer is an object of a custom resource, which has no protobuf form; its other shapes do. */
  custom?: boolean;
  /** The answer is a watch. */
  watch?: boolean;
  /** What the server speaks. */
  mediaTypes?: readonly MediaType[];
}

/**
 * What go-restful looks at before any handler of a built-in type: one clause must name a type, wildcards within a type do
 * not count (route.go). Throws 406.
 */
export function requireRoute(accept: string | undefined, { streams, mediaTypes = MEDIA_TYPES }: RouteOptions): void {
  if (!accept) return;
  const produced = mediaTypes.map(({ type }) => type);
  const named = accept.split(',').map((clause) => (clause.split(';')[0] ?? '').replace(/^ +| +$/g, ''));
  if (named.some((type) => type === '*/*' || produced.includes(type))) return;
  const all = [...produced, ...(streams ? mediaTypes.flatMap(({ stream }) => stream ?? []) : [])];
  throw routeNotAcceptable(all);
}

export interface RouteOptions {
  /** Watches are served at this path and method, too. */
  streams: boolean;
  mediaTypes?: readonly MediaType[];
}

/** Throws 406 when nothing on offer is acceptable. */
export function negotiate(request: NegotiationRequest): Representation {
  const { mediaTypes = MEDIA_TYPES } = request;
  const { accepted, as, pretty } = choose(request, mediaTypes);
  if (!request.watch) return { format: accepted.format, mediaType: accepted.type, pretty, ...(as ? { as } : {}) };
  // The clause has been chosen: that another one could be watched does not help.
  if (!accepted.stream) throw refused(mediaTypes.flatMap(({ stream }) => stream ?? []));
  const mediaType = accepted.streamContent ?? accepted.type;
  return { format: accepted.format, mediaType, pretty: false, ...(as ? { as } : {}) };
}

interface Choice {
  accepted: MediaType;
  as: Representation['as'];
  pretty: boolean;
}

function choose(request: NegotiationRequest, mediaTypes: readonly MediaType[]): Choice {
  const pretty = wantsPretty(request);
  const [first] = mediaTypes as [MediaType];
  if (!request.accept) return { accepted: first, as: undefined, pretty };
  for (const { type, subtype, parameters } of parseAccept(request.accept)) {
    for (const accepted of mediaTypes) {
      const [main, sub] = accepted.type.split('/');
      if (!((type === main && (subtype === sub || subtype === '*')) || (type === '*' && subtype === '*'))) continue;
      const as = shapeOf(parameters, { accepted, ...request });
      if (as !== 'refused') return { accepted, as, pretty: pretty || parameters.get('pretty') === '1' };
    }
  }
  throw refused(mediaTypes.map(({ type }) => type));
}

const refused = (types: readonly string[]) =>
  notAcceptable(`only the following media types are accepted: ${types.join(', ')}`);

type ShapeRequest = Pick<NegotiationRequest, 'shapes' | 'custom'> & { accepted: MediaType };

function shapeOf(
  parameters: ReadonlyMap<string, string>,
  { accepted, shapes, custom }: ShapeRequest,
): Representation['as'] | 'refused' {
  const [kind, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name));
  if (parameters.get('stream') && !(accepted.stream && parameters.get('stream') === 'watch')) return 'refused';
  if (parameters.get('sv') && parameters.get('sv') !== 'v1') return 'refused';
  if (kind === undefined && group === undefined && version === undefined) {
    return custom && accepted.format === 'protobuf' ? 'refused' : undefined;
  }
  const known = AS_KINDS.find((one) => one === kind);
  if (!known || !shapes.includes(known) || group !== 'meta.k8s.io') return 'refused';
  if (version !== 'v1' && version !== 'v1beta1') return 'refused';
  if (known === 'Table' && !TABLE_FORMATS.has(accepted.format)) return 'refused';
  return { kind: known, version };
}

/** Cells are of any type, which protobuf has no field for. */
const TABLE_FORMATS: ReadonlySet<BodyFormat> = new Set(['json', 'yaml']);

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

/** People get indented answers: they ask for it, or come with a browser or curl. */
function wantsPretty({ query, userAgent = '' }: NegotiationRequest): boolean {
  const asked = query.get('pretty');
  if (asked) return TRUE.has(asked);
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

/** The format of a body; no Content-Type means JSON. Throws 415. */
export function bodyFormat(contentType: string | undefined, mediaTypes = MEDIA_TYPES): BodyFormat {
  if (!contentType) return 'json';
  const wanted = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  const known = mediaTypes.find(({ type }) => type === wanted);
  if (known) return known.format;
  const offered = mediaTypes.map(({ type }) => type).join(', ');
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${offered}`,
  );
}
