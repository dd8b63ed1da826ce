// What the strategies of upstream's registries (pkg/registry/*/*/strategy.go and storage.go) answer with a constant,
// as lists of `group/resource` (core resources without a group).

const list = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** AllowCreateOnUpdate: a PUT may make the object. */
export const CREATE_ON_UPDATE = list(`
  endpoints events limitranges services
  coordination.k8s.io/leases events.k8s.io/events
  node.k8s.io/runtimeclasses
  rbac.authorization.k8s.io/clusterrolebindings rbac.authorization.k8s.io/clusterroles
  rbac.authorization.k8s.io/rolebindings rbac.authorization.k8s.io/roles`);

/** AllowUnconditionalUpdate is false: a PUT must name the resourceVersion it replaces. */
export const CONDITIONAL_UPDATE = list(`
  admissionregistration.k8s.io/mutatingadmissionpolicies admissionregistration.k8s.io/mutatingadmissionpolicybindings
  admissionregistration.k8s.io/mutatingwebhookconfigurations admissionregistration.k8s.io/validatingadmissionpolicies
  admissionregistration.k8s.io/validatingadmissionpolicybindings
  admissionregistration.k8s.io/validatingwebhookconfigurations
  apiextensions.k8s.io/customresourcedefinitions apiregistration.k8s.io/apiservices
  coordination.k8s.io/leases
  node.k8s.io/runtimeclasses policy/poddisruptionbudgets
  storage.k8s.io/csidrivers storage.k8s.io/csinodes storage.k8s.io/csistoragecapacities
  storage.k8s.io/volumeattachments`);

/** ReturnDeletedObject: DELETE answers with the object. */
export const RETURNS_DELETED = list(`
  namespaces persistentvolumeclaims persistentvolumes pods podtemplates resourcequotas serviceaccounts services
  resource.k8s.io/deviceclasses resource.k8s.io/resourceclaims resource.k8s.io/resourceclaimtemplates
  resource.k8s.io/resourceslices
  storage.k8s.io/csidrivers storage.k8s.io/csinodes storage.k8s.io/storageclasses storage.k8s.io/volumeattachments
  storage.k8s.io/volumeattributesclasses`);

/** A create may bring its status along, or what its own strategy takes of it; elsewhere it is reset. */
export const STATUS_ON_CREATE = list(`nodes pods`);

/** metadata.generation counts changes of all but metadata and status. */
export const COUNTS_GENERATIONS = list(`
  pods podtemplates replicationcontrollers
  admissionregistration.k8s.io/mutatingadmissionpolicies admissionregistration.k8s.io/mutatingadmissionpolicybindings
  admissionregistration.k8s.io/mutatingwebhookconfigurations admissionregistration.k8s.io/validatingadmissionpolicies
  admissionregistration.k8s.io/validatingadmissionpolicybindings
  admissionregistration.k8s.io/validatingwebhookconfigurations
  apiextensions.k8s.io/customresourcedefinitions
  apps/daemonsets apps/deployments apps/replicasets apps/statefulsets
  batch/cronjobs batch/jobs discovery.k8s.io/endpointslices
  flowcontrol.apiserver.k8s.io/flowschemas flowcontrol.apiserver.k8s.io/prioritylevelconfigurations
  networking.k8s.io/ingressclasses networking.k8s.io/ingresses networking.k8s.io/networkpolicies
  policy/poddisruptionbudgets resource.k8s.io/deviceclasses resource.k8s.io/resourceslices`);

/** Whose changes are counted by reflect.DeepEqual, to which an empty list is another thing than none. */
export const TELLS_EMPTY = list(`
  admissionregistration.k8s.io/mutatingwebhookconfigurations
  admissionregistration.k8s.io/validatingwebhookconfigurations
  networking.k8s.io/networkpolicies`);

/** metadata.generation is 1 from the first and stays. */
export const FIRST_GENERATION = list(`scheduling.k8s.io/priorityclasses`);

/** Names of these may be anything that is one segment of a path (path.ValidatePathSegmentName). */
export const PATH_SEGMENT_NAMES = list(`
  rbac.authorization.k8s.io/clusterrolebindings rbac.authorization.k8s.io/clusterroles
  rbac.authorization.k8s.io/rolebindings rbac.authorization.k8s.io/roles
  certificates.k8s.io/certificatesigningrequests`);

/** Whose /status changes nothing of metadata but managedFields (metav1.ResetObjectMetaForStatus). */
export const STATUS_KEEPS_METADATA = list(`
  admissionregistration.k8s.io/validatingadmissionpolicies apiregistration.k8s.io/apiservices
  flowcontrol.apiserver.k8s.io/flowschemas flowcontrol.apiserver.k8s.io/prioritylevelconfigurations
  networking.k8s.io/servicecidrs resource.k8s.io/resourceclaims storage.k8s.io/volumeattachments`);

/** The one of these that does it by hand, and leaves deletionTimestamp to be refused when it differs. */
export const STATUS_JUDGES_DELETION = list('apiregistration.k8s.io/apiservices');

/** Whose metadata is checked by the rules of all types only, so that finalizers need no domain of their own. */
export const PLAIN_METADATA = list(`
  admissionregistration.k8s.io/mutatingadmissionpolicies admissionregistration.k8s.io/mutatingadmissionpolicybindings
  admissionregistration.k8s.io/mutatingwebhookconfigurations admissionregistration.k8s.io/validatingadmissionpolicies
  admissionregistration.k8s.io/validatingadmissionpolicybindings
  admissionregistration.k8s.io/validatingwebhookconfigurations
  apiextensions.k8s.io/customresourcedefinitions apiregistration.k8s.io/apiservices
  coordination.k8s.io/leases events node.k8s.io/runtimeclasses policy/poddisruptionbudgets`);

/** Only the name is checked, which generateName is part of (ValidateObjectMetaWithOpts). */
export const GENERATE_NAME_UNCHECKED = list(`replicationcontrollers resource.k8s.io/deviceclasses`);

/** Whose own rules take any name, so that only the rule of all names speaks, once nothing else is wrong. */
export const NAME_LAST = list(`
  events certificates.k8s.io/certificatesigningrequests policy/poddisruptionbudgets`);

/** Of these, whose own rules leave all of a new object's metadata to the rules of all types. */
export const METADATA_LAST = list('events policy/poddisruptionbudgets');

/** Rules of metadata that a type has of its own, over those of all types: as of an object, and as of one that changed. */
export type MetadataRules = readonly ('object' | 'changed')[];

const BOTH: MetadataRules = ['changed', 'object'];

/** What updates ask of metadata where that is not both (which of ValidateObjectMeta and its Update their rules call). */
const ON_UPDATE: ReadonlyMap<MetadataRules, ReadonlySet<string>> = new Map([
  [
    ['object'],
    list(`
      limitranges
      admissionregistration.k8s.io/mutatingadmissionpolicies admissionregistration.k8s.io/mutatingadmissionpolicybindings
      admissionregistration.k8s.io/mutatingwebhookconfigurations admissionregistration.k8s.io/validatingadmissionpolicies
      admissionregistration.k8s.io/validatingadmissionpolicybindings
      admissionregistration.k8s.io/validatingwebhookconfigurations
      discovery.k8s.io/endpointslices
      flowcontrol.apiserver.k8s.io/flowschemas flowcontrol.apiserver.k8s.io/prioritylevelconfigurations
      storage.k8s.io/csinodes storage.k8s.io/volumeattachments`),
  ],
  [
    ['changed'],
    list(`
      podtemplates replicationcontrollers resourcequotas services
      apiextensions.k8s.io/customresourcedefinitions
      apps/daemonsets apps/deployments apps/replicasets apps/statefulsets
      autoscaling/horizontalpodautoscalers batch/cronjobs coordination.k8s.io/leases events.k8s.io/events
      networking.k8s.io/networkpolicies networking.k8s.io/servicecidrs
      resource.k8s.io/resourceslices scheduling.k8s.io/priorityclasses storage.k8s.io/csidrivers`),
  ],
  [['object', 'object'], list('persistentvolumes')],
  [[], list('events policy/poddisruptionbudgets')],
]);

/** The same of /status; 'changed' elsewhere. */
const ON_STATUS_UPDATE: ReadonlyMap<MetadataRules, ReadonlySet<string>> = new Map([
  [['object'], list('storage.k8s.io/volumeattachments')],
  [BOTH, list('certificates.k8s.io/certificatesigningrequests')],
  [[], list('batch/cronjobs policy/poddisruptionbudgets')],
]);

const rulesIn = (rules: typeof ON_UPDATE, id: string): MetadataRules | undefined =>
  [...rules].find(([, ids]) => ids.has(id))?.[0];

export const metadataRulesOnUpdate = (id: string): MetadataRules => rulesIn(ON_UPDATE, id) ?? BOTH;
export const metadataRulesOnStatusUpdate = (id: string): MetadataRules => rulesIn(ON_STATUS_UPDATE, id) ?? ['changed'];
