// The webhooks of all configurations of a kind, in the order of the configurations' names, and which of them are for a
// request.
import type { ResourceDefinition, ResourceType } from '../../../api/definition.ts';
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/types/admissionregistration/v1.ts';
import type { KubeObject } from '../../../apimachinery/meta.ts';
import { lazily } from '../../../lazily.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import type { CompiledExpression } from '../expressions/expression.ts';
import { isExempt } from '../matching/exempt.ts';
import { rememberByPlace } from '../matching/remembered.ts';
import { matchedVersion, type Rules } from '../matching/rules.ts';
import { compileSelectors, type Selectors } from '../matching/selectors.ts';
import { createEquivalents } from '../matching/versions.ts';

export type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;
type Configuration = KubeObject & { webhooks?: Webhook[] };

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
  const remembered = rememberByPlace<Meant>(catalogue, (request) =>
    (hooks ?? []).flatMap((hook) => {
      const matched = matchedVersion(hook, request, equivalents.find);
      return matched ? [{ hook, matched }] : [];
    }),
  );
  const stop = reader.subscribe(type, () => {
    hooks = undefined;
    remembered.forget();
  });
  return {
    meant(request) {
      hooks ??= reader.list(type).flatMap((configuration) => hooksOf(configuration, reader));
      return hooks.length === 0 || isExempt(request.definition) ? NONE : remembered.of(request);
    },
    close() {
      stop();
      remembered.close();
      equivalents.close();
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
