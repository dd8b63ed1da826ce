// What the server's history answers with (history.tsukube.dev/v1). docs/history.md describes the requests.
import type { ListMeta } from '../apimachinery/meta.ts';
import type { Revision } from '../apimachinery/revision.ts';

export type { Revision };

/** Which object a change of the whole cluster's list is of. */
export interface ChangedObject {
  apiVersion: string;
  kind: string;
  resource: string;
  namespace?: string;
  name: string;
}

export interface Change extends Revision {
  object: ChangedObject;
}

/** From when on what was is known. */
export interface Retained {
  resourceVersion: string;
  time?: string;
}

export interface HistoryPage<T extends Revision> {
  kind: 'ObjectHistory' | 'ChangeList';
  apiVersion: string;
  metadata: ListMeta;
  retainedSince: Retained;
  items: T[];
}
