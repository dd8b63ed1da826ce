// In which order things are made again: what others need comes first, owners before what they own. Pure.
import type { ResourceName } from './restore.ts';

/** Earlier ranks first; what is not named is in the middle. What decides over others' creation comes last. */
const RANKS: readonly (readonly string[])[] = [
  ['namespaces.'],
  ['customresourcedefinitions.apiextensions.k8s.io'],
  [
    'priorityclasses.scheduling.k8s.io',
    'runtimeclasses.node.k8s.io',
    'storageclasses.storage.k8s.io',
    'ingressclasses.networking.k8s.io',
  ],
  ['serviceaccounts.'],
  ['secrets.', 'configmaps.'],
  ['clusterroles.rbac.authorization.k8s.io', 'roles.rbac.authorization.k8s.io'],
  ['clusterrolebindings.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io'],
  ['limitranges.', 'resourcequotas.', 'networkpolicies.networking.k8s.io'],
  ['persistentvolumes.'],
  ['persistentvolumeclaims.'],
  // Before pods, which get their addresses as variables.
  ['services.'],
];
const LAST = new Set([
  'horizontalpodautoscalers.autoscaling',
  'poddisruptionbudgets.policy',
  'apiservices.apiregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
]);

const ORDER = new Map(RANKS.flatMap((names, rank) => names.map((name) => [name, rank] as const)));

export function rankOf({ plural, group }: ResourceName): number {
  const name = `${plural}.${group}`;
  return LAST.has(name) ? RANKS.length + 1 : (ORDER.get(name) ?? RANKS.length);
}

export interface Ordered {
  rank: number;
  /** Of the former life. */
  uid: string | undefined;
  owners: readonly string[];
}

/** By rank, but nothing before what owns it. Equal ones stay in the order given. */
export function inOrder<T extends Ordered>(items: readonly T[]): T[] {
  const byUid = new Map(items.map((item) => [item.uid, item]));
  const placed = new Set<T>();
  const ordered: T[] = [];
  const place = (item: T): void => {
    if (placed.has(item)) return;
    placed.add(item); // Before its owners: a ring of owners ends here.
    for (const uid of item.owners) {
      const owner = byUid.get(uid);
      if (owner) place(owner);
    }
    ordered.push(item);
  };
  for (const item of items.toSorted((a, b) => a.rank - b.rank)) place(item);
  return ordered;
}
