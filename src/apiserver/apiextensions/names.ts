// Which of its names a CustomResourceDefinition gets: those that no other of its group has, and whether it is served
// (apiextensions-apiserver pkg/controller/status/naming_controller.go).
import { isDeepStrictEqual } from 'node:util';
import { approvalVerdict } from '../../api/apiextensions/approval.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '../../api/types/apiextensions/v1.ts';

/** The status of `crd` beside `others`, or undefined when it is that already. */
export function statusOf(
  crd: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): CustomResourceDefinitionStatus | undefined {
  const { names, conflict } = acceptedNames(crd, others);
  const before = crd.status?.conditions ?? [];
  const established = before.some(({ type, status }) => type === 'Established' && status === 'True');
  const wanted: Wanted[] = conflict
    ? [{ type: 'NamesAccepted', status: 'False', ...conflict }, ...(established ? [] : [NOT_ACCEPTED])]
    : [ACCEPTED, ...(established ? [] : [ESTABLISHED])];
  const approval = approvalVerdict(crd);
  if (approval) wanted.push({ type: 'KubernetesAPIApprovalPolicyConformant', ...approval });
  const conditions = withConditions(before, wanted, now);
  if (isDeepStrictEqual(names, crd.status?.acceptedNames) && isDeepStrictEqual(conditions, before)) return undefined;
  return { ...(crd.status as CustomResourceDefinitionStatus), acceptedNames: names, conditions };
}

type Wanted = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>;

const ACCEPTED: Wanted = {
  type: 'NamesAccepted',
  status: 'True',
  reason: 'NoConflicts',
  message: 'no conflicts found',
};
const ESTABLISHED: Wanted = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
};
const NOT_ACCEPTED: Wanted = {
  type: 'Established',
  status: 'False',
  reason: 'NotAccepted',
  message: 'not all names are accepted',
};

/** Keeps the place and, while the status stays, the time of conditions that are there. */
export function withConditions(
  before: readonly CustomResourceDefinitionCondition[],
  wanted: readonly Wanted[],
  now: string,
): CustomResourceDefinitionCondition[] {
  const kept = before.map((condition) => {
    const next = wanted.find(({ type }) => type === condition.type);
    if (!next) return condition;
    return { ...condition, ...next, ...(next.status === condition.status ? {} : { lastTransitionTime: now }) };
  });
  const added = wanted.filter(({ type }) => !before.some((condition) => condition.type === type));
  return [...kept, ...added.map((condition) => ({ ...condition, lastTransitionTime: now }))];
}

interface Outcome {
  names: CustomResourceDefinitionNames;
  /** The last name that another has. */
  conflict: { reason: string; message: string } | undefined;
}

function acceptedNames(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Outcome {
  const taken = others
    .filter(({ spec }) => spec.group === crd.spec.group)
    .map(({ status }) => status?.acceptedNames)
    .filter((names) => names !== undefined);
  const resources = new Set(
    taken.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...(shortNames ?? [])]),
  );
  const kinds = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind]));
  const wanted = crd.spec.names;
  const have: Partial<CustomResourceDefinitionNames> = crd.status?.acceptedNames ?? {};
  const names: CustomResourceDefinitionNames = { plural: '', kind: '', ...have };
  let conflict: Outcome['conflict'];
  const refuse = (reason: string, refused: readonly string[]) => {
    const message = refused.map((name) => `${JSON.stringify(name)} is already in use`).join(', ');
    conflict = { reason, message };
  };
  const take = (field: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string | undefined>) => {
    const name = wanted[field];
    if (name !== undefined && name !== have[field] && used.has(name)) {
      refuse(`${field.charAt(0).toUpperCase()}${field.slice(1)}Conflict`, [name]);
    } else if (name !== undefined) names[field] = name;
  };
  take('plural', resources);
  take('singular', resources);
  const { shortNames } = wanted;
  const refused = (shortNames ?? []).filter((name) => !have.shortNames?.includes(name) && resources.has(name));
  if (refused.length > 0) refuse('ShortNamesConflict', refused);
  else if (shortNames) names.shortNames = shortNames;
  else delete names.shortNames;
  take('kind', kinds);
  take('listKind', kinds);
  if (wanted.categories) names.categories = wanted.categories;
  else delete names.categories;
  return { names, conflict };
}
