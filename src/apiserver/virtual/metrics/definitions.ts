// nodes and pods of metrics.k8s.io/v1beta1, which `kubectl top` asks for (k8s.io/metrics): made up when they are asked
// for, never stored. An APIService with a Service takes the group over, as that of a metrics-server does.
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions/v1.ts';
import { definitionsOf } from '../../apiextensions/custom-resource.ts';

export const METRICS_GROUP = 'metrics.k8s.io';
export const METRICS_API_VERSION = `${METRICS_GROUP}/v1beta1`;

type ColumnOfType = { name: string; type: string; jsonPath: string };

const USAGE = {
  type: 'object',
  additionalProperties: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
} as const;
const CONTAINERS = {
  type: 'array',
  items: { type: 'object', properties: { name: { type: 'string' }, usage: USAGE } },
} as const;

export const metricsDefinitions = (): ResourceDefinition[] => [
  ...made('nodes', 'NodeMetrics', {
    properties: { usage: USAGE },
    columns: [
      { name: 'Cpu', type: 'string', jsonPath: '.usage.cpu' },
      { name: 'Memory', type: 'string', jsonPath: '.usage.memory' },
    ],
  }),
  ...made('pods', 'PodMetrics', { properties: { containers: CONTAINERS }, columns: [] }),
];

/** As if a CustomResourceDefinition said so, but for what can be done with it. */
function made(
  plural: string,
  kind: string,
  { properties, columns }: { properties: object; columns: readonly ColumnOfType[] },
): ResourceDefinition[] {
  const window = { name: 'Window', type: 'string', jsonPath: '.window' };
  const schema = {
    type: 'object',
    properties: { timestamp: { type: 'string', format: 'date-time' }, window: { type: 'string' }, ...properties },
  };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${METRICS_GROUP}` },
    spec: {
      group: METRICS_GROUP,
      scope: plural === 'nodes' ? 'Cluster' : 'Namespaced',
      names: { plural, kind, singular: '', listKind: `${kind}List` },
      versions: [
        {
          name: 'v1beta1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          additionalPrinterColumns: [...columns, window],
        },
      ],
    },
  } as unknown as CustomResourceDefinition;
  return definitionsOf(definition).map((one) => ({ ...one, verbs: ['get', 'list'] }));
}
