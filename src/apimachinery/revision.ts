// One change of an object as its history tells it: what the server answers with and the commands read.
import type { FieldChange } from './changes.ts';

export interface Revision {
  resourceVersion: string;
  /** RFC 3339 with milliseconds. */
  time: string;
  operation: 'create' | 'update' | 'delete';
  /** Of the request; `expire` when the store did it. */
  verb: string;
  subresource?: string;
  /** '' when it was not recorded. */
  user: string;
  userAgent?: string;
  fieldManager?: string;
  uid: string;
  generation?: number;
  /** Empty for what came or went whole. */
  changes: FieldChange[];
}
