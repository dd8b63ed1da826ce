// The list of handlers that are not the plain verbs of a stored resource.
import type { Clock } from '../../clock.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ServiceAccountTokens } from '../authentication/tokens.ts';
import type { CallHandler, HandlerTable } from '../call.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import type { Authorizer } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { bindingHandler } from './binding.ts';
import { scaleHandler } from './scale.ts';
import { statusHandler } from './status.ts';

export interface HandlerOptions {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  clock: Clock;
  authorizer: Authorizer;
  tokens: ServiceAccountTokens;
  storage: Storage;
}

export function createHandlers({ catalogue }: HandlerOptions): HandlerTable {
  const binding = bindingHandler(
    () => catalogue.find('', 'v1', 'pods') as NonNullable<ReturnType<typeof catalogue.find>>,
  );
  return new Map<string, CallHandler>([
    ['*/status', statusHandler],
    ['*/scale', scaleHandler],
    ['/pods/binding', binding],
    ['/bindings', binding],
  ]);
}
