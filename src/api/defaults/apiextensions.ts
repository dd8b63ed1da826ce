// Defaults of CustomResourceDefinitions, after apiextensions-apiserver pkg/apis/apiextensions/v1/defaults.go.
import type { TypeDefault } from '../normalise.ts';

const MODEL = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

const spec: TypeDefault = (value) => {
  value.conversion ??= { strategy: 'None' };
};

const names: TypeDefault = (value) => {
  const { kind } = value;
  if (typeof kind !== 'string' || kind === '') return;
  value.singular ??= kind.toLowerCase();
  value.listKind ??= `${kind}List`;
};

const WEBHOOK_PORT = 443;

export const apiextensionsDefaults: Readonly<Record<string, TypeDefault>> = {
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
