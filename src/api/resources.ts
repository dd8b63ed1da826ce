// The resource types that code in this repository names, and those that users of the published client most likely
// will. (The full list served comes from the facts.)
import { resourceType as type } from './resource-type.ts';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from './types/admissionregistration/v1.ts';
import type { CustomResourceDefinition } from './types/apiextensions/v1.ts';
import type { APIService } from './types/apiregistration/v1.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from './types/apps/v1.ts';
import type { TokenReview } from './types/authentication/v1.ts';
import type { SubjectAccessReview } from './types/authorization/v1.ts';
import type { HorizontalPodAutoscaler } from './types/autoscaling/v2.ts';
import type { CronJob, Job } from './types/batch/v1.ts';
import type { Lease } from './types/coordination/v1.ts';
import type {
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from './types/core/v1.ts';
import type { EndpointSlice } from './types/discovery/v1.ts';
import type { FlowSchema, PriorityLevelConfiguration } from './types/flowcontrol/v1.ts';
import type { Ingress, IPAddress, NetworkPolicy, ServiceCIDR } from './types/networking/v1.ts';
import type { RuntimeClass } from './types/node/v1.ts';
import type { PodDisruptionBudget } from './types/policy/v1.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from './types/rbac/v1.ts';
import type { PriorityClass } from './types/scheduling/v1.ts';
import type { CSIDriver, StorageClass, VolumeAttributesClass } from './types/storage/v1.ts';

export const pods = type<Pod>('v1', 'pods', 'Pod');
export const services = type<Service>('v1', 'services', 'Service');
export const endpoints = type<Endpoints>('v1', 'endpoints', 'Endpoints');
export const configMaps = type<ConfigMap>('v1', 'configmaps', 'ConfigMap');
export const secrets = type<Secret>('v1', 'secrets', 'Secret');
export const serviceAccounts = type<ServiceAccount>('v1', 'serviceaccounts', 'ServiceAccount');
export const events = type<Event>('v1', 'events', 'Event');
export const persistentVolumeClaims = type<PersistentVolumeClaim>(
  'v1',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
);
export const resourceQuotas = type<ResourceQuota>('v1', 'resourcequotas', 'ResourceQuota');
export const persistentVolumes = type<PersistentVolume>('v1', 'persistentvolumes', 'PersistentVolume', 'cluster');
export const namespaces = type<Namespace>('v1', 'namespaces', 'Namespace', 'cluster');
export const nodes = type<Node>('v1', 'nodes', 'Node', 'cluster');
export const deployments = type<Deployment>('apps/v1', 'deployments', 'Deployment');
export const replicaSets = type<ReplicaSet>('apps/v1', 'replicasets', 'ReplicaSet');
export const endpointSlices = type<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice');
export const leases = type<Lease>('coordination.k8s.io/v1', 'leases', 'Lease');
export const runtimeClasses = type<RuntimeClass>('node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', 'cluster');
export const priorityClasses = type<PriorityClass>(
  'scheduling.k8s.io/v1',
  'priorityclasses',
  'PriorityClass',
  'cluster',
);
export const roles = type<Role>('rbac.authorization.k8s.io/v1', 'roles', 'Role');
export const roleBindings = type<RoleBinding>('rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding');
export const clusterRoles = type<ClusterRole>('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', 'cluster');
export const clusterRoleBindings = type<ClusterRoleBinding>(
  'rbac.authorization.k8s.io/v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
  'cluster',
);
export const tokenReviews = type<TokenReview>('authentication.k8s.io/v1', 'tokenreviews', 'TokenReview', 'cluster');
export const subjectAccessReviews = type<SubjectAccessReview>(
  'authorization.k8s.io/v1',
  'subjectaccessreviews',
  'SubjectAccessReview',
  'cluster',
);
export const flowSchemas = type<FlowSchema>('flowcontrol.apiserver.k8s.io/v1', 'flowschemas', 'FlowSchema', 'cluster');
export const priorityLevelConfigurations = type<PriorityLevelConfiguration>(
  'flowcontrol.apiserver.k8s.io/v1',
  'prioritylevelconfigurations',
  'PriorityLevelConfiguration',
  'cluster',
);
export const apiServices = type<APIService>('apiregistration.k8s.io/v1', 'apiservices', 'APIService', 'cluster');
export const limitRanges = type<LimitRange>('v1', 'limitranges', 'LimitRange');
export const statefulSets = type<StatefulSet>('apps/v1', 'statefulsets', 'StatefulSet');
export const daemonSets = type<DaemonSet>('apps/v1', 'daemonsets', 'DaemonSet');
export const jobs = type<Job>('batch/v1', 'jobs', 'Job');
export const cronJobs = type<CronJob>('batch/v1', 'cronjobs', 'CronJob');
export const horizontalPodAutoscalers = type<HorizontalPodAutoscaler>(
  'autoscaling/v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
);
export const ingresses = type<Ingress>('networking.k8s.io/v1', 'ingresses', 'Ingress');
export const ipAddresses = type<IPAddress>('networking.k8s.io/v1', 'ipaddresses', 'IPAddress', 'cluster');
export const serviceCidrs = type<ServiceCIDR>('networking.k8s.io/v1', 'servicecidrs', 'ServiceCIDR', 'cluster');
export const networkPolicies = type<NetworkPolicy>('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy');
export const podDisruptionBudgets = type<PodDisruptionBudget>(
  'policy/v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
);
export const csiDrivers = type<CSIDriver>('storage.k8s.io/v1', 'csidrivers', 'CSIDriver', 'cluster');
export const volumeAttributesClasses = type<VolumeAttributesClass>(
  'storage.k8s.io/v1',
  'volumeattributesclasses',
  'VolumeAttributesClass',
  'cluster',
);
export const storageClasses = type<StorageClass>('storage.k8s.io/v1', 'storageclasses', 'StorageClass', 'cluster');
export const customResourceDefinitions = type<CustomResourceDefinition>(
  'apiextensions.k8s.io/v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  'cluster',
);

const ADMISSION = 'admissionregistration.k8s.io/v1';
export const mutatingWebhookConfigurations = type<MutatingWebhookConfiguration>(
  ADMISSION,
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  'cluster',
);
export const validatingWebhookConfigurations = type<ValidatingWebhookConfiguration>(
  ADMISSION,
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  'cluster',
);
export const mutatingAdmissionPolicies = type<MutatingAdmissionPolicy>(
  ADMISSION,
  'mutatingadmissionpolicies',
  'MutatingAdmissionPolicy',
  'cluster',
);
export const mutatingAdmissionPolicyBindings = type<MutatingAdmissionPolicyBinding>(
  ADMISSION,
  'mutatingadmissionpolicybindings',
  'MutatingAdmissionPolicyBinding',
  'cluster',
);
export const validatingAdmissionPolicies = type<ValidatingAdmissionPolicy>(
  ADMISSION,
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
  'cluster',
);
export const validatingAdmissionPolicyBindings = type<ValidatingAdmissionPolicyBinding>(
  ADMISSION,
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
  'cluster',
);
