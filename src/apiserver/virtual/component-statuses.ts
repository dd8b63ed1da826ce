// componentstatuses: what is left of an old API. Everything here is one process, so all are as well as it is.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { notFound } from '../../apimachinery/status-error.ts';
import { entryOfObject } from '../../storage/entry.ts';
import type { CallHandler } from '../call.ts';

const NAMES = ['controller-manager', 'scheduler', 'etcd-0'];

const componentStatus = (name: string): AnyObject => ({
  kind: 'ComponentStatus',
  apiVersion: 'v1',
  metadata: { name },
  conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
});

export const componentStatusHandler: CallHandler = async ({ definition, info }) => {
  if (info.verb === 'list') {
    const entries = NAMES.map((name) =>
      entryOfObject({ key: name, revision: 0, createRevision: 0 }, componentStatus(name)),
    );
    return { type: 'list', definition, metadata: {}, entries };
  }
  if (!NAMES.includes(info.name)) throw notFound({ group: '', resource: 'componentstatus' }, info.name);
  return { type: 'object', status: 200, object: componentStatus(info.name), definition };
};
