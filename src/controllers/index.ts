// The list of controllers. Each carries the state of one run: make a new list for every start.
import type { Controller } from '../client/controller.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation.ts';
import { deploymentController } from './deployment/deployment.ts';
import { endpointsController } from './endpoints/endpoints.ts';
import { endpointSliceController } from './endpoints/endpointslice.ts';
import { garbageCollector } from './gc/garbage-collector.ts';
import { namespaceController } from './namespace/namespace.ts';
import { nodeLifecycleController } from './node/nodelifecycle.ts';
import { taintEvictionController } from './node/tainteviction.ts';
import { podGarbageCollector } from './podgc.ts';
import { replicaSetController } from './replicaset/replicaset.ts';
import { resourceQuotaController } from './resourcequota.ts';
import { rootCaCertPublisher } from './root-ca-cert-publisher.ts';
import type { ServedResources } from './served-resources.ts';
import { serviceAccountController } from './serviceaccount.ts';
import { serviceAccountTokenController, type TokenControllerOptions } from './serviceaccount-token.ts';
import { serviceCidrsController } from './servicecidrs.ts';
import { validatingAdmissionPolicyStatusController } from './validatingadmissionpolicy-status.ts';
import { pvProtectionController } from './volume/pv-protection.ts';
import { pvcProtectionController } from './volume/pvc-protection.ts';
import { vacProtectionController } from './volume/vac-protection.ts';

export interface ControllersOptions extends TokenControllerOptions {
  /** What the server serves now: its catalogue. */
  resources: ServedResources;
}

export const createControllers = (options: ControllersOptions): readonly Controller[] => [
  namespaceController(options),
  serviceAccountController(),
  rootCaCertPublisher(options),
  serviceAccountTokenController(options),
  deploymentController(),
  replicaSetController(),
  endpointSliceController(),
  endpointsController(),
  garbageCollector(options),
  nodeLifecycleController(),
  taintEvictionController(),
  podGarbageCollector(),
  clusterRoleAggregationController(),
  resourceQuotaController(options),
  serviceCidrsController(),
  pvcProtectionController(),
  pvProtectionController(),
  vacProtectionController(),
  validatingAdmissionPolicyStatusController(options),
];
