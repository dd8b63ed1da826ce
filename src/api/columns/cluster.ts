// Rows of what governs a cluster: roles' bindings, leases, priorities, webhooks and policies.
import type { Cells } from '../behaviour.ts';
import type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '../types/admissionregistration/v1.ts';
import type { Lease } from '../types/coordination/v1.ts';
import type { RuntimeClass } from '../types/node/v1.ts';
import type { ClusterRoleBinding, RoleBinding, Subject } from '../types/rbac/v1.ts';
import type { PriorityClass } from '../types/scheduling/v1.ts';
import { row } from './cell.ts';

function subjects(list: readonly Subject[] | undefined): [users: string, groups: string, accounts: string] {
  const of = (kind: string) => (list ?? []).filter((subject) => subject.kind === kind);
  return [
    of('User')
      .map(({ name }) => name)
      .join(', '),
    of('Group')
      .map(({ name }) => name)
      .join(', '),
    of('ServiceAccount')
      .map(({ name, namespace = '' }) => `${namespace}/${name}`)
      .join(', '),
  ];
}

const binding = row<RoleBinding | ClusterRoleBinding>((object, { name, age }) => [
  name,
  `${object.roleRef.kind}/${object.roleRef.name}`,
  age,
  ...subjects(object.subjects),
]);

const lease = row<Lease>(({ spec }, { name, age }) => [name, spec?.holderIdentity ?? '', age]);
const runtimeClass = row<RuntimeClass>(({ handler }, { name, age }) => [name, handler, age]);

const priorityClass = row<PriorityClass>((object, { name, age }) => [
  name,
  object.value,
  object.globalDefault ?? false,
  age,
  object.preemptionPolicy ?? '',
]);

const webhooks = row<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>((object, { name, age }) => [
  name,
  object.webhooks?.length ?? 0,
  age,
]);

export const clusterCells: Readonly<Record<string, Cells>> = {
  'RoleBinding.rbac.authorization.k8s.io': binding,
  'ClusterRoleBinding.rbac.authorization.k8s.io': binding,
  'Lease.coordination.k8s.io': lease,
  'RuntimeClass.node.k8s.io': runtimeClass,
  'PriorityClass.scheduling.k8s.io': priorityClass,
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': webhooks,
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': webhooks,
};
