// Rows of admission policies and their bindings (pkg/printers/internalversion/printers.go).
import type { LabelSelector } from '../../apimachinery/meta.ts';
import type { Cells } from '../behaviour.ts';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../types/admissionregistration/v1.ts';
import { row } from './cell.ts';

const UNSET = '<unset>';

const paramKind = (kind: ParamKind | undefined): string => (kind ? `${kind.apiVersion}/${kind.kind}` : UNSET);

/** Without a namespace it cannot be told whether the parameter has one. */
function paramName({ name, namespace, selector }: ParamRef): string {
  if (name) return `${namespace || '*'}/${name}`;
  return selector ? selectorText(selector as LabelSelector) : UNSET;
}

/** As Go prints the message. */
function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.keys(matchLabels)
    .toSorted()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

const binding = row<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>(({ spec }, { name, age }) => [
  name,
  spec?.policyName ?? '',
  spec?.paramRef ? paramName(spec.paramRef) : UNSET,
  age,
]);

const validating = row<ValidatingAdmissionPolicy>(({ spec }, { name, age }) => [
  name,
  spec?.validations?.length ?? 0,
  paramKind(spec?.paramKind),
  age,
]);

const mutating = row<MutatingAdmissionPolicy>(({ spec }, { name, age }) => [
  name,
  spec?.mutations?.length ?? 0,
  paramKind(spec?.paramKind),
  age,
]);

export const admissionCells: Readonly<Record<string, Cells>> = {
  'MutatingAdmissionPolicy.admissionregistration.k8s.io': mutating,
  'MutatingAdmissionPolicyBinding.admissionregistration.k8s.io': binding,
  'ValidatingAdmissionPolicy.admissionregistration.k8s.io': validating,
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io': binding,
};
