// Informers for a program of its own: the host's clock, and the console as log, unless it brings others.
import { lastingClock } from '../clock.ts';
import type { Client, ListQuery } from './client.ts';
import { createInformers, type InformersOptions } from './create-informers.ts';
import type { InformerLog, Informers } from './informer.ts';

export interface StandaloneInformersOptions extends Partial<InformersOptions> {
  client: Client;
  /** What is followed of each resource; default all. Who has rights in one namespace only must name it. */
  only?: Pick<ListQuery, 'namespace' | 'labelSelector' | 'fieldSelector'>;
}

export function standaloneInformers({ client, only, ...options }: StandaloneInformersOptions): Informers {
  const limited: Client = {
    ...client,
    list: (type, query) => client.list(type, { ...query, ...only }),
    watch: (type, query) => client.watch(type, { ...query, ...only }),
  };
  return createInformers({ clock: lastingClock, log: consoleLog, ...options, client: limited });
}

const consoleLog: InformerLog = {
  warn: (fields, message) => console.warn(`tsukube/client: ${message}`, fields),
  error: (fields, message) => console.error(`tsukube/client: ${message}`, fields),
};
