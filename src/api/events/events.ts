// Events: they go after an hour, and have two faces for one stored object; the newer face is the stricter one
// (pkg/registry/core/event, pkg/apis/core/validation/events.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { nameIsPathSegment } from '../../apimachinery/names.ts';
import type { Behaviour } from '../behaviour.ts';
import { eventFromCore, eventToCore } from './conversion.ts';
import { commonErrors, creationErrors, updateErrors } from './validation.ts';

/** Upstream's --event-ttl. */
const TTL_SECONDS = 3600;
const storage = { group: '', resource: 'events', version: 'v1' };

interface Source {
  source?: { component?: string };
  reportingComponent?: string;
}

export const coreEvents: Behaviour = {
  validateName: nameIsPathSegment,
  ttlSeconds: TTL_SECONDS,
  defaultPropagation: 'None',
  selectableFields: {
    source: (object) => {
      const { source, reportingComponent } = object as AnyObject & Source;
      return source?.component || reportingComponent || '';
    },
  },
  validate: (object) => commonErrors(object, 'reportingComponent'),
};

export const events: Behaviour = {
  ttlSeconds: TTL_SECONDS,
  defaultPropagation: 'None',
  storage,
  toStorage: eventToCore,
  fromStorage: eventFromCore,
  validate: (object) => commonErrors(eventToCore(object), 'reportingController'),
  validateCreate: (object) => creationErrors(eventToCore(object)),
  validateUpdate: (object, old) => updateErrors(eventToCore(object), eventToCore(old)),
};
