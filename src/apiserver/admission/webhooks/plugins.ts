// MutatingAdmissionWebhook and ValidatingAdmissionWebhook. What calls webhooks is loaded with the first that is meant.
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '../../../api/resources.ts';
import type { SchemaSet } from '../../../apimachinery/schema.ts';
import { lazily } from '../../../lazily.ts';
import type { Logger } from '../../../log.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionPlugin, Authorizer } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { followHooks } from './configurations.ts';

export interface WebhookOptions {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  authorizer: Authorizer;
  types: SchemaSet;
  log: Logger;
}

const mutation = lazily<typeof import('./mutate.ts')>(import.meta.url, './mutate.ts');
const validation = lazily<typeof import('./validate.ts')>(import.meta.url, './validate.ts');

const MUTATING = 'MutatingAdmissionWebhook';

export function mutatingAdmissionWebhook(options: WebhookOptions): AdmissionPlugin {
  const hooks = followHooks(mutatingWebhookConfigurations, options);
  return {
    name: MUTATING,
    admit(request) {
      const meant = hooks.meant(request);
      if (meant.length > 0) return mutation().mutate(MUTATING, meant, { ...options, request });
    },
    close: hooks.close,
  };
}

export function validatingAdmissionWebhook(options: WebhookOptions): AdmissionPlugin {
  const hooks = followHooks(validatingWebhookConfigurations, options);
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(request) {
      const meant = hooks.meant(request);
      if (meant.length > 0) return validation().validate(meant, { ...options, request });
    },
    close: hooks.close,
  };
}
