// Rules of events, in the terms of the older face, as upstream reports them (pkg/apis/core/validation/events.go).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Event, EventSeries } from '../types/core/v1.ts';
import { immutable } from '../validation/change.ts';
import { invalidEach } from '../validation/rules.ts';

const MAX_TEXT = 128;
const MAX_NOTE = 1024;

const eventOf = (object: AnyObject): Partial<Event> => object as AnyObject & Partial<Event>;

/** `reporter`: what this face of the object calls who reports. */
export function commonErrors(object: AnyObject, reporter: string): FieldError[] {
  const namespace = object.metadata.namespace ?? '';
  const event = eventOf(object);
  return [
    ...(event.eventTime ? reportErrors(event, namespace, reporter) : placeErrors(event, namespace)),
    ...invalidEach('namespace', namespace, isDNS1123Subdomain(namespace)),
  ];
}

const wrongNamespace = (given: string): FieldError =>
  fieldError.invalid('involvedObject.namespace', given, 'does not match event.namespace');

/** Where an old event lies: with its object; those of cluster-scoped objects in default. */
function placeErrors({ involvedObject }: Partial<Event>, namespace: string): FieldError[] {
  const given = involvedObject?.namespace ?? '';
  const fits = given ? given === namespace : namespace === '' || namespace === 'default';
  return fits ? [] : [wrongNamespace(given)];
}

/** What an event with a time of its own must say. */
function reportErrors(event: Partial<Event>, namespace: string, reporter: string): FieldError[] {
  const { reportingComponent = '', message = '' } = event;
  const given = event.involvedObject?.namespace ?? '';
  const errors = given || namespace === 'default' || namespace === 'kube-system' ? [] : [wrongNamespace(given)];
  if (!reportingComponent) errors.push(fieldError.required(reporter));
  errors.push(...invalidEach(reporter, reportingComponent, isQualifiedName(reportingComponent)));
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const text = event[field] ?? '';
    if (!text) errors.push(fieldError.required(field));
    errors.push(...atMost(text, MAX_TEXT, field));
  }
  return [...errors, ...atMost(message, MAX_NOTE, 'message')];
}

const atMost = (text: string, max: number, path: string): FieldError[] =>
  Buffer.byteLength(text) > max ? [fieldError.invalid(path, '', `can have at most ${max} characters`)] : [];

/** New events of the newer face leave the older face's fields alone. */
export function creationErrors(object: AnyObject): FieldError[] {
  const event = eventOf(object);
  const { type = '', source } = event;
  const unset = (path: string) => fieldError.invalid(path, '', 'needs to be unset');
  const errors = seriesErrors(event.series);
  if (!event.eventTime) errors.push(fieldError.required('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') {
    errors.push(fieldError.invalid('type', '', `has invalid value: ${type}`));
  }
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const) {
    if (event[field]) errors.push(unset(field));
  }
  return source?.component || source?.host ? [...errors, unset('source')] : errors;
}

function seriesErrors(series: EventSeries | undefined): FieldError[] {
  if (!series) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) errors.push(fieldError.invalid('series.count', '', 'should be at least 2'));
  return series.lastObservedTime ? errors : [...errors, fieldError.required('series.lastObservedTime')];
}

/** Upstream checks the reason twice. */
const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
] as const;

/** Only the series goes on. */
export function updateErrors(object: AnyObject, old: AnyObject): FieldError[] {
  const event = eventOf(object);
  const before = eventOf(old);
  return [
    ...(isDeepStrictEqual(event.series, before.series) ? [] : seriesErrors(event.series)),
    ...FIXED.flatMap((field) => immutable(event[field] ?? null, before[field] ?? null, field)),
    // The newer face leaves these out when they are empty.
    ...immutable(event.reportingComponent ?? '', before.reportingComponent ?? '', 'reportingController'),
    ...immutable(event.reportingInstance ?? '', before.reportingInstance ?? '', 'reportingInstance'),
  ];
}
