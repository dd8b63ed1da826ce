// The list of handlers that are not the plain verbs of a stored resource.

import type { Clock } from '../../clock.ts';
import type { Storage } from '../../storage/storage.ts';
import type { RequestAuthenticator } from '../authentication/authenticator.ts';
import type { ServiceAccountTokens } from '../authentication/tokens.ts';
import type { CallHandler, HandlerTable } from '../call.ts';
import type { Authorizer } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { statusHandler } from './status.ts';

export interface HandlerOptions {
  reader: ObjectReader;
  clock: Clock;
  authenticator: RequestAuthenticator;
  authorizer: Authorizer;
  tokens: ServiceAccountTokens;
  storage: Storage;
}

export function createHandlers(_options: HandlerOptions): HandlerTable {
  return new Map<string, CallHandler>([['*/status', statusHandler]]);
}
