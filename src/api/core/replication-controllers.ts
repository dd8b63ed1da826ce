// ReplicationControllers are older than the garbage collector: DELETE leaves their Pods alone unless told otherwise
// (pkg/registry/core/replicationcontroller/strategy.go).
import type { Behaviour } from '../behaviour.ts';

export const replicationControllers: Behaviour = {
  defaultPropagation: 'Orphan',
  selectableFields: {
    'status.replicas': (object) => String((object.status as { replicas?: number } | undefined)?.replicas ?? 0),
  },
};
