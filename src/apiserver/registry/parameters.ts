// Query parameters as typed options. Malformed values are 400, values that contradict each other 422, as
// k8s.io/apimachinery/pkg/apis/meta/internalversion/validation and meta/v1/validation say.
import type { JsonObject } from '../../apimachinery/meta.ts';
import { badRequest, type FieldError, fieldError, invalid } from '../../apimachinery/status-error.ts';
import { isTrue } from '../request-info.ts';
import { parseSelectors, type Selectors } from './selection.ts';

export interface ListParameters {
  selectors: Selectors;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean | undefined;
  resourceVersion: string;
  resourceVersionMatch: string;
  timeoutSeconds: number | undefined;
  limit: number;
  continue: string;
}

const META_GROUP = 'meta.k8s.io';
const MAX_INT64 = 9223372036854775807n;
const MAX_UINT64 = 18446744073709551615n;

export function parseListParameters(query: URLSearchParams): ListParameters {
  const parameters: ListParameters = {
    selectors: parseSelectors(query),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined,
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: parseInteger(query, 'timeoutSeconds'),
    limit: parseInteger(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
  };
  // The older paths watch without the parameter, and are held to the rules of lists.
  const watches = isTrue(query.get('watch'));
  if (watches) applyWatchListDefault(parameters);
  const errors = watches ? validateWatchParameters(parameters) : validateListParameters(parameters);
  if (errors.length > 0) throw invalid({ group: META_GROUP, kind: 'ListOptions' }, '', errors);
  return parameters;
}

/** A watch from nowhere in particular is a watch list (internalversion/defaults.go). */
function applyWatchListDefault(p: ListParameters): void {
  if (p.sendInitialEvents !== undefined || p.resourceVersionMatch !== '') return;
  if (p.resourceVersion === '' || p.resourceVersion === '0') {
    p.sendInitialEvents = true;
    p.resourceVersionMatch = 'NotOlderThan';
  }
}

const NEEDS_REVISION = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
const NO_CONTINUE = 'resourceVersionMatch is forbidden when continue is provided';

function validateListParameters(p: ListParameters): FieldError[] {
  const errors: FieldError[] = [];
  const match = p.resourceVersionMatch;
  const forbid = (text: string) => errors.push(fieldError.forbidden('resourceVersionMatch', text));
  if (match !== '') {
    if (p.resourceVersion === '') forbid(NEEDS_REVISION);
    if (p.continue !== '') forbid(NO_CONTINUE);
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(fieldError.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && p.resourceVersion === '0') {
      forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if (p.sendInitialEvents !== undefined) {
    errors.push(fieldError.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return errors;
}

function validateWatchParameters(p: ListParameters): FieldError[] {
  const errors: FieldError[] = [];
  const match = p.resourceVersionMatch;
  const forbid = (text: string) => errors.push(fieldError.forbidden('resourceVersionMatch', text));
  if (p.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (match === '') return errors;
  if (p.sendInitialEvents === undefined) {
    forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  }
  if (match !== 'NotOlderThan') {
    errors.push(fieldError.notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  }
  if (p.continue !== '') forbid(NO_CONTINUE);
  return errors;
}

/** A revision as clients write it; undefined when it is not a decimal uint64. */
export function parseRevision(text: string): number | undefined {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > MAX_UINT64) return undefined;
  return Number(text);
}

/** What Go says of a text that is none. */
export function revisionProblem(text: string): string {
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  return `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`;
}

export function parseInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(value);
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface WriteParameters {
  dryRun: boolean;
  /** Given by the client; '' when it said nothing. */
  fieldManager: string;
  fieldValidation: FieldValidation;
  /** Only for apply patches. */
  force: boolean | undefined;
}

/** `kind` is what the options are called in errors: CreateOptions, UpdateOptions, PatchOptions. */
export function parseWriteParameters(query: URLSearchParams, kind: string, patch?: 'apply' | 'other'): WriteParameters {
  const dryRun = query.getAll('dryRun');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  const force = query.has('force') ? isTrue(query.get('force')) : undefined;
  const errors: FieldError[] = [];
  if (patch === 'apply' && fieldManager === '') {
    errors.push(fieldError.required('fieldManager', 'is required for apply patch'));
  }
  if (patch === 'other' && force !== undefined) {
    errors.push(fieldError.forbidden('force', 'may not be specified for non-apply patch'));
  }
  errors.push(...validateFieldManager(fieldManager), ...validateDryRun(dryRun));
  if (!['Ignore', 'Warn', 'Strict'].includes(fieldValidation)) {
    errors.push(fieldError.notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (errors.length > 0) throw invalid({ group: META_GROUP, kind }, '', errors);
  return { dryRun: dryRun.length > 0, fieldManager, fieldValidation: fieldValidation as FieldValidation, force };
}

/** The parameters of a write as admission sees them: those of a patch as an update's, without force. */
export function writeOptions(verb: string, query: URLSearchParams): JsonObject {
  const dryRun = query.getAll('dryRun');
  const texts = ['fieldManager', 'fieldValidation'].flatMap((name) => {
    const value = query.get(name);
    return value ? [[name, value]] : [];
  });
  return {
    kind: verb === 'update' || verb === 'patch' ? 'UpdateOptions' : 'CreateOptions',
    apiVersion: `${META_GROUP}/v1`,
    ...(dryRun.length > 0 ? { dryRun } : {}),
    ...Object.fromEntries(texts),
  };
}

export function validateDryRun(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [fieldError.notSupported('dryRun', values, ['All'])];
}

/** As fmt's %#U shows what cannot be printed. */
const codePoint = (rune: string): string =>
  `U+${(rune.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;

function validateFieldManager(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > 128) errors.push(fieldError.tooLong('fieldManager', 128));
  for (const [i, rune] of [...manager].entries()) {
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(rune) || (rune !== ' ' && /\p{Zs}/u.test(rune))) {
      errors.push(
        fieldError.invalid('fieldManager', manager, `invalid character ${codePoint(rune)} (at position ${i})`),
      );
    }
  }
  return errors;
}
