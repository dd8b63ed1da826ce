// Defaults of CustomResourceDefinitions, after apiextensions-apiserver pkg/apis/apiextensions/v1/defaults.go.
import type { TypeDefault } from '../normalise.ts';

const MODEL = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

const spec: TypeDefault = (value) => {
  value.conversion ??= { strategy: 'None' };
};

const names: TypeDefault = (value) => {
  const { kind } = value;
  if (typeof kind !== 'string' || kind === '') return;
  value.singular ||= kind.toLowerCase();
  value.listKind ||= `${kind}List`;
};

/** Something is always stored. */
const storedVersions: TypeDefault = (value) => {
  const { versions } = (value.spec ?? {}) as { versions?: { name: string; storage: boolean }[] };
  const status = (value.status ?? {}) as { storedVersions?: string[] };
  if (status.storedVersions?.length || !Array.isArray(versions)) return;
  value.status = { ...status, storedVersions: versions.filter(({ storage }) => storage).map(({ name }) => name) };
};

const WEBHOOK_PORT = 443;

export const apiextensionsDefaults: Readonly<Record<string, TypeDefault>> = {
  [`${MODEL}.CustomResourceDefinition`]: storedVersions,
  [`${MODEL}.CustomResourceDefinitionSpec`]: (value) => {
    spec(value);
    // Only what is asked for has defaults, not what was accepted.
    if (typeof value.names === 'object' && value.names !== null) {
      value.names = { ...value.names };
      names(value.names as Record<string, unknown>);
    }
  },
  [`${MODEL}.ServiceReference`]: (value) => {
    value.port ??= WEBHOOK_PORT;
  },
};
