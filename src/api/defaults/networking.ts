// Defaults of network policies, after pkg/apis/networking/v1/defaults.go.
import type { TypeDefault } from '../normalise.ts';

/** A policy that names no types speaks of ingress, and of egress when it has rules for that. */
const policySpec: TypeDefault = (spec) => {
  const { egress, policyTypes } = spec;
  if (Array.isArray(policyTypes) && policyTypes.length > 0) return;
  spec.policyTypes = Array.isArray(egress) && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
};

export const networkingDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.networking.v1.NetworkPolicySpec': policySpec,
};
