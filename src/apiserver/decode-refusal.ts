// Why a body is refused before validation sees it, in upstream's words: what is no object of any type, what is of another
// type, and what does not fit its own (transformDecodeError in k8s.io/apiserver/pkg/endpoints/handlers/rest.go).
import { findKindFact } from '../api/facts.ts';
import { DecodeError } from '../apimachinery/codec/decoded.ts';
import { kindOf } from '../apimachinery/codec/special.ts';
import { type GroupVersion, type Json, type JsonObject, parseGroupVersion } from '../apimachinery/meta.ts';
import { badRequest, hasReason } from '../apimachinery/status-error.ts';
import { isObject } from '../apimachinery/value.ts';
import type { BodyType } from './body-type.ts';
import { apiVersionOf } from './registry/keys.ts';

const TYPE_UNREAD = "couldn't get version/kind; json parse error: ";
/** What Go reads a type into. */
const TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** The type that an object of a request for `into` says it is, or is taken for. Throws DecodeError for what has none. */
export function typeSaid(
  given: Json,
  into: Pick<BodyType, 'group' | 'version' | 'kind' | 'fit'>,
  body?: Uint8Array,
): { kind: string; apiVersion: string } {
  // null is an object of which nothing is said; types made at run time must say what they are.
  const value = given ?? {};
  if (!isObject(value)) {
    throw new DecodeError(`${TYPE_UNREAD}json: cannot unmarshal ${kindOf(value)} into Go value of type ${TYPE_META}`);
  }
  const { kind, apiVersion } = value as JsonObject;
  for (const [field, text] of Object.entries({ apiVersion, kind })) {
    if (text === undefined || text === null || typeof text === 'string') continue;
    const unfit = `json: cannot unmarshal ${kindOf(text)} into Go struct field .${field} of type string`;
    throw new DecodeError(`${TYPE_UNREAD}${unfit}`);
  }
  if (into.fit && !kind) {
    throw new DecodeError(
      `Object 'Kind' is missing in '${body ? Buffer.from(body).toString() : JSON.stringify(given)}'`,
    );
  }
  const version = String(apiVersion ?? '');
  if (version.split('/').length > 2) throw new DecodeError(`unexpected GroupVersion string: ${version}`);
  return { kind: String(kind || into.kind), apiVersion: version || apiVersionOf(into) };
}

export const noKind = (kind: string, apiVersion: string): string =>
  `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`;

/** The message for an object of a type that is not `definition`'s. */
export function otherType(kind: string, apiVersion: string, { group, ...into }: BodyType): string {
  const { group: said, version } = parseGroupVersion(apiVersion);
  if (!findKindFact(said, version, kind)) return noKind(kind, apiVersion);
  if (kind === into.kind) return versionDiffers(apiVersion, { group, ...into });
  return `converting (${version}.${kind}) to (${group.split('.')[0] || 'core'}.${into.kind}): unknown conversion`;
}

const VERSION_DIFFERS = 'the API version in the data (';

export const versionDiffers = (apiVersion: string, into: GroupVersion): string =>
  `${VERSION_DIFFERS}${apiVersion}) does not match the expected API version (${apiVersionOf(into)})`;

/** What `decode` returns; what it throws is a refusal. */
export function refusing<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw refusal(error);
  }
}

/** 400 with the decoder's words for what is the body's fault. */
export function refusal(error: unknown): unknown {
  if (error instanceof DecodeError) return Object.assign(badRequest(error.message), { cause: error });
  // Nested deeper than the stack holds; Go's decoder stops at 10,000.
  return error instanceof RangeError ? badRequest('exceeded max depth') : error;
}

/** How much of a body is shown. */
const SHOWN_BYTES = 30;

/** Of a body that was refused with 400, as no type could be found in it. */
export function unrecognized(error: unknown, { kind }: BodyType, body: Uint8Array): unknown {
  if (!hasReason(error, 'BadRequest')) return error;
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${error.message} (${shown(body)})`);
}

export const typeUnread = (error: unknown): unknown =>
  hasReason(error, 'BadRequest') ? badRequest(`${TYPE_UNREAD}${error.message}`) : error;

function shown(body: Uint8Array): string {
  if (body.length === 0) return '<empty>';
  const start = Buffer.from(body.subarray(0, SHOWN_BYTES));
  return `${start.toString(start[0] === 0x7b ? 'utf8' : 'hex')}${body.length > SHOWN_BYTES ? ' ...' : ''}`;
}

/** Of an object that is of some type, and was refused with 400 for what it holds. */
export function unhandled(error: unknown, type: { kind: string; apiVersion: string }, into: BodyType): unknown {
  if (!hasReason(error, 'BadRequest') || error.message.startsWith(VERSION_DIFFERS)) return error;
  const { version } = parseGroupVersion(type.apiVersion);
  const given = `${type.kind} in version ${JSON.stringify(version)}`;
  return badRequest(`${given} cannot be handled as a ${into.kind}: ${error.message}`);
}
