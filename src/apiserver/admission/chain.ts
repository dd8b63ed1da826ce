// The admission chain: which plugins are on, in upstream's order. The list's order is the order.
import type { SchemaSet } from '../../apimachinery/schema.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { createRbacAuthorizer, type RbacAuthorizer } from '../authorization/rbac.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { defaultIngressClass, defaultStorageClass } from './default-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { podResizeValidator } from './pod-resize-validator.ts';
import { podSecurity } from './pod-security.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { mutatingAdmissionPolicy, validatingAdmissionPolicy } from './policies/plugins.ts';
import { priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { mutatingAdmissionWebhook, validatingAdmissionWebhook } from './webhooks/plugins.ts';

export interface AdmissionOptions {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  types: SchemaSet;
  log: Logger;
  clock: Clock;
  authorizer: Authorizer;
  /** The API server's own, which is made after the plugins: for what they write besides. */
  client(): Client;
  /** The one the server decides with; another is made over `reader` when it is not given. */
  rbac?: RbacAuthorizer;
}

/** NodeRestriction is off by default upstream, but every distribution turns it on. */
export const admissionPlugins = ({
  reader,
  catalogue,
  types,
  log,
  clock,
  authorizer,
  client,
  rbac = createRbacAuthorizer(reader),
}: AdmissionOptions): readonly AdmissionPlugin[] => [
  namespaceLifecycle(reader),
  limitRanger(reader),
  serviceAccount({ reader, clock }),
  nodeRestriction({ reader, authorizer }),
  taintNodesByCondition,
  podSecurity(reader),
  priority(reader),
  defaultTolerationSeconds,
  defaultStorageClass(reader),
  storageObjectInUseProtection,
  persistentVolumeClaimResize(reader),
  runtimeClass(reader),
  certificateApproval(authorizer),
  certificateSigning(authorizer),
  certificateSubjectRestriction,
  defaultIngressClass(reader),
  podTopologyLabels(reader),
  podResizeValidator(reader),
  mutatingAdmissionPolicy({ reader, catalogue, authorizer, types }),
  mutatingAdmissionWebhook({ reader, catalogue, authorizer, types, log }),
  validatingAdmissionPolicy({ reader, catalogue, authorizer }),
  validatingAdmissionWebhook({ reader, catalogue, authorizer, types, log }),
  resourceQuota({ reader, clock, updateStatus: (type, quota) => client().updateStatus(type, quota) }),
  rbacEscalation({ rbac, authorizer }),
];

/** All mutations, then all validations. The registry calls the two phases itself, with its own validation between. */
export async function runAdmission(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) await plugin.admit?.(request);
  for (const plugin of plugins) await plugin.validate?.(request);
}
