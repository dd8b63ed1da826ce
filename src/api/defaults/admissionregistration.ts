// Defaults of webhooks and admission policies, after pkg/apis/admissionregistration/v1/defaults.go: without
// selectors they match everything.
import type { TypeDefault } from '../normalise.ts';

const selectAll: TypeDefault = (value) => {
  value.namespaceSelector ??= {};
  value.objectSelector ??= {};
};

const MODEL = 'io.k8s.api.admissionregistration.v1';

export const admissionregistrationDefaults: Readonly<Record<string, TypeDefault>> = {
  [`${MODEL}.MatchResources`]: selectAll,
  [`${MODEL}.MutatingWebhook`]: selectAll,
  [`${MODEL}.ValidatingWebhook`]: selectAll,
};
