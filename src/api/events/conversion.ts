// Events have two faces: core's older one, which is stored, and events.k8s.io's. Field by field as
// pkg/apis/events/v1/conversion.go.
import type { AnyObject } from '../../apimachinery/meta.ts';

/** [name in core, name in events.k8s.io] */
const RENAMED: readonly [core: string, events: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

const TO_EVENTS = new Map(RENAMED);
const TO_CORE = new Map(RENAMED.map(([core, events]) => [events, core]));

function renamed(object: AnyObject, names: ReadonlyMap<string, string>, apiVersion: string): AnyObject {
  const fields = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]);
  return { ...(Object.fromEntries(fields) as AnyObject), apiVersion };
}

export const eventToCore = (object: AnyObject): AnyObject => renamed(object, TO_CORE, 'v1');
export const eventFromCore = (object: AnyObject): AnyObject => {
  const event = renamed(object, TO_EVENTS, 'events.k8s.io/v1');
  // events.k8s.io leaves these out when empty; core never does.
  for (const field of ['reportingController', 'reportingInstance']) if (event[field] === '') delete event[field];
  return event;
};
