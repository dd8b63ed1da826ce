// Events: they go after an hour, and have two faces for one stored object (pkg/registry/core/event).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import { eventFromCore, eventToCore } from './conversion.ts';

/** Upstream's --event-ttl. */
const TTL_SECONDS = 3600;
const anyName = (): string[] => [];
const storage = { group: '', resource: 'events', version: 'v1' };

interface Source {
  source?: { component?: string };
  reportingComponent?: string;
}

export const coreEvents: Behaviour = {
  validateName: anyName,
  ttlSeconds: TTL_SECONDS,
  selectableFields: {
    source: (object) => {
      const { source, reportingComponent } = object as AnyObject & Source;
      return source?.component || reportingComponent || '';
    },
  },
};

export const events: Behaviour = {
  ttlSeconds: TTL_SECONDS,
  storage,
  toStorage: eventToCore,
  fromStorage: eventFromCore,
};
