// The built-in resources. All of them come from the facts; those with behaviour of their own are listed here.
import {
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from './admissionregistration/policies.ts';
import { webhookConfigurations } from './admissionregistration/webhooks.ts';
import { customResourceDefinitions } from './apiextensions/custom-resource-definitions.ts';
import { apiServices } from './apiregistration/api-services.ts';
import { controllerRevisions, daemonSets, deployments, replicaSets, statefulSets } from './apps/workloads.ts';
import { autoscalersV1, autoscalersV2 } from './autoscaling/autoscalers.ts';
import { cronJobs, jobs } from './batch/jobs.ts';
import type { Behaviour } from './behaviour.ts';
import { builtinDefinition } from './builtin.ts';
import { certificateSigningRequests } from './certificates/signing-requests.ts';
import { leases } from './coordination/leases.ts';
import { configMaps, secrets } from './core/configuration.ts';
import { endpoints } from './core/endpoints.ts';
import { limitRanges } from './core/limit-ranges.ts';
import { namespaces } from './core/namespaces.ts';
import { nodes } from './core/nodes.ts';
import { persistentVolumeClaims, persistentVolumes } from './core/persistent-volumes.ts';
import { pods } from './core/pods.ts';
import { resourceQuotas } from './core/resource-quotas.ts';
import { serviceAccounts } from './core/service-accounts.ts';
import { services } from './core/services.ts';
import { podTemplates, replicationControllers } from './core/templates.ts';
import type { ResourceDefinition } from './definition.ts';
import { endpointSlices } from './discovery/endpoint-slices.ts';
import { coreEvents, events } from './events/events.ts';
import { type ResourceFact, resourceFacts } from './facts.ts';
import { flowSchemas } from './flowcontrol/flow-schemas.ts';
import { priorityLevels } from './flowcontrol/priority-levels.ts';
import { ingressClasses } from './networking/ingress-classes.ts';
import { ingresses } from './networking/ingresses.ts';
import { ipAddresses, serviceCidrs } from './networking/ip-addresses.ts';
import { networkPolicies } from './networking/network-policies.ts';
import { runtimeClasses } from './node/runtime-classes.ts';
import { podDisruptionBudgets } from './policy/disruption-budgets.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac/rbac.ts';
import { resourceClaims, resourceClaimTemplates } from './resource/claims.ts';
import { deviceClasses } from './resource/device-classes.ts';
import { resourceSlices } from './resource/slices.ts';
import { priorityClasses } from './scheduling/priority-classes.ts';
import { csiDrivers } from './storage/csi-drivers.ts';
import { csiNodes } from './storage/csi-nodes.ts';
import { csiStorageCapacities } from './storage/csi-storage-capacities.ts';
import { storageClasses, volumeAttributesClasses } from './storage/storage-classes.ts';
import { volumeAttachments } from './storage/volume-attachments.ts';

export { builtinSchema, groups } from './facts.ts';

/** By `group/resource`, core resources without a group; with the version where one version differs. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  configmaps: configMaps,
  endpoints,
  events: coreEvents,
  limitranges: limitRanges,
  namespaces,
  nodes,
  persistentvolumeclaims: persistentVolumeClaims,
  persistentvolumes: persistentVolumes,
  pods,
  podtemplates: podTemplates,
  replicationcontrollers: replicationControllers,
  resourcequotas: resourceQuotas,
  secrets,
  serviceaccounts: serviceAccounts,
  services,
  'admissionregistration.k8s.io/mutatingadmissionpolicies': mutatingAdmissionPolicies,
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': mutatingAdmissionPolicyBindings,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhookConfigurations,
  'admissionregistration.k8s.io/validatingadmissionpolicies': validatingAdmissionPolicies,
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': validatingAdmissionPolicyBindings,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhookConfigurations,
  'apiextensions.k8s.io/customresourcedefinitions': customResourceDefinitions,
  'apiregistration.k8s.io/apiservices': apiServices,
  'apps/controllerrevisions': controllerRevisions,
  'apps/daemonsets': daemonSets,
  'apps/deployments': deployments,
  'apps/replicasets': replicaSets,
  'apps/statefulsets': statefulSets,
  'autoscaling/horizontalpodautoscalers': autoscalersV2,
  'autoscaling/v1/horizontalpodautoscalers': autoscalersV1,
  'batch/cronjobs': cronJobs,
  'batch/jobs': jobs,
  'certificates.k8s.io/certificatesigningrequests': certificateSigningRequests,
  'coordination.k8s.io/leases': leases,
  'discovery.k8s.io/endpointslices': endpointSlices,
  'events.k8s.io/events': events,
  'flowcontrol.apiserver.k8s.io/flowschemas': flowSchemas,
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': priorityLevels,
  'networking.k8s.io/ingressclasses': ingressClasses,
  'networking.k8s.io/ingresses': ingresses,
  'networking.k8s.io/ipaddresses': ipAddresses,
  'networking.k8s.io/networkpolicies': networkPolicies,
  'networking.k8s.io/servicecidrs': serviceCidrs,
  'node.k8s.io/runtimeclasses': runtimeClasses,
  'policy/poddisruptionbudgets': podDisruptionBudgets,
  'rbac.authorization.k8s.io/clusterrolebindings': clusterRoleBindings,
  'rbac.authorization.k8s.io/clusterroles': clusterRoles,
  'rbac.authorization.k8s.io/rolebindings': roleBindings,
  'rbac.authorization.k8s.io/roles': roles,
  'resource.k8s.io/deviceclasses': deviceClasses,
  'resource.k8s.io/resourceclaims': resourceClaims,
  'resource.k8s.io/resourceclaimtemplates': resourceClaimTemplates,
  'resource.k8s.io/resourceslices': resourceSlices,
  'scheduling.k8s.io/priorityclasses': priorityClasses,
  'storage.k8s.io/csidrivers': csiDrivers,
  'storage.k8s.io/csinodes': csiNodes,
  'storage.k8s.io/csistoragecapacities': csiStorageCapacities,
  'storage.k8s.io/storageclasses': storageClasses,
  'storage.k8s.io/volumeattachments': volumeAttachments,
  'storage.k8s.io/volumeattributesclasses': volumeAttributesClasses,
};

/** What a default cluster serves, groups in discovery's order. */
export function builtinDefinitions(): readonly ResourceDefinition[] {
  return resourceFacts()
    .filter((fact) => fact.on)
    .map((fact) => builtinDefinition(fact, behaviourOf(fact)));
}

const behaviourOf = ({ g: group, v: version, r: resource }: ResourceFact): Behaviour | undefined =>
  group ? (behaviours[`${group}/${version}/${resource}`] ?? behaviours[`${group}/${resource}`]) : behaviours[resource];
