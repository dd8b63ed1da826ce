// The webhooks of all configurations of a kind, in the order of the configurations' names, and which of them are for a
// request. Nothing is looked at twice: what a request of a kind is matched with is kept until a configuration or a
// resource type changes, so that requests nobody asked for cost one look-up.
import type { ResourceDefinition, ResourceType } from '../../../api/definition.ts';
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/types/admissionregistration/v1.ts';
import type { KubeObject } from '../../../apimachinery/meta.ts';
import { lazily } from '../../../lazily.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import type { CompiledExpression } from '../expressions/expression.ts';
import { namespaceOf } from '../matching/attributes.ts';
import { isExempt } from '../matching/exempt.ts';
import { matchedVersion, type Rules } from '../matching/rules.ts';
import { compileSelectors, type Selectors } from '../matching/selectors.ts';
import { createEquivalents } from '../matching/versions.ts';

export type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;
type Configuration = KubeObject & { webhooks?: Webhook[] };

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;

export const mutatingWebhookConfigurations: ResourceType<MutatingWebhookConfiguration> = {
  ...GROUP,
  plural: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
};
export const validatingWebhookConfigurations: ResourceType<ValidatingWebhookConfiguration> = {
  ...GROUP,
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
};

export interface Hook extends Rules {
  /** No other has it. */
  uid: string;
  webhook: Webhook;
  selectors: Selectors;
  conditions(): readonly CompiledExpression[];
}

/** A webhook whose rules mean the request, in the version of the resource that it asks for. */
export interface Meant {
  hook: Hook;
  matched: ResourceDefinition;
}

export interface Hooks {
  meant(request: AdmissionRequest): readonly Meant[];
  close(): void;
}

const NONE: readonly Meant[] = [];

export function followHooks(
  type: ResourceType<Configuration>,
  { reader, catalogue }: { reader: ObjectReader; catalogue: DefinitionCatalogue },
): Hooks {
  const equivalents = createEquivalents(catalogue);
  let hooks: readonly Hook[] | undefined;
  let known = new WeakMap<ResourceDefinition, Map<string, readonly Meant[]>>();
  const forget = () => {
    known = new WeakMap();
  };
  const stops = [
    reader.subscribe(type, () => {
      hooks = undefined;
      forget();
    }),
    catalogue.subscribe(forget),
    equivalents.close,
  ];

  const find = (request: AdmissionRequest): readonly Meant[] => {
    const all = hooks ?? [];
    return all.flatMap((hook) => {
      const matched = matchedVersion(hook, request, equivalents.find);
      return matched ? [{ hook, matched }] : [];
    });
  };

  return {
    meant(request) {
      hooks ??= reader.list(type).flatMap((configuration) => hooksOf(configuration, reader));
      if (hooks.length === 0 || isExempt(request.definition)) return NONE;
      const { definition, operation, subresource } = request;
      const byPlace = known.get(definition) ?? new Map<string, readonly Meant[]>();
      known.set(definition, byPlace);
      // Rules tell nothing else apart.
      const place = `${operation} ${subresource} ${namespaceOf(request) === ''}`;
      let found = byPlace.get(place);
      if (!found) {
        found = find(request);
        byPlace.set(place, found);
      }
      return found;
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** Loaded with the first webhook that is meant by a request. */
const expressions = lazily<typeof import('../expressions/conditions.ts')>(
  import.meta.url,
  '../expressions/conditions.ts',
);

const hooksOf = ({ metadata, webhooks = [] }: Configuration, reader: ObjectReader): Hook[] =>
  webhooks.map((webhook) => {
    let compiled: readonly CompiledExpression[] | undefined;
    return {
      uid: `${metadata.name}/${webhook.name}`,
      webhook,
      rules: webhook.rules ?? [],
      matchPolicy: webhook.matchPolicy,
      selectors: compileSelectors(webhook, reader),
      conditions() {
        const { matchConditions } = webhook;
        compiled ??= expressions().compileConditions(matchConditions, { hasParams: false, hasAuthorizer: true });
        return compiled;
      },
    };
  });
