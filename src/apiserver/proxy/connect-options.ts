// What a connection is asked for with, as admission sees it: PodExecOptions, PodPortForwardOptions, NodeProxyOptions and
// their like (k8s.io/api/core/v1; values that are not set are left out).
import type { JsonObject } from '../../apimachinery/meta.ts';
import { admitConnection, type ResourceCall } from '../call.ts';
import { isTrue } from '../request-info.ts';

const FLAGS = ['stdin', 'stdout', 'stderr', 'tty'];

const streams = (query: URLSearchParams): JsonObject => ({
  ...Object.fromEntries(FLAGS.filter((flag) => isTrue(query.get(flag))).map((flag) => [flag, true])),
  ...(query.get('container') ? { container: query.get('container') as string } : {}),
});

function optionsOf({ info, request: { query } }: ResourceCall): JsonObject {
  switch (info.subresource) {
    case 'exec':
      return { ...streams(query), command: query.getAll('command') };
    case 'attach':
      return streams(query);
    case 'portforward': {
      const ports = query.getAll('ports').flatMap((text) => text.split(',').filter(Boolean).map(Number));
      return ports.length > 0 ? { ports } : {};
    }
    default: {
      const path = info.parts.slice(3).join('/');
      return path ? { path: `/${path}` } : {};
    }
  }
}

/** Rejects where admission refuses the connection. */
export const admitConnect = (call: ResourceCall): Promise<void> => admitConnection(call, optionsOf(call));
