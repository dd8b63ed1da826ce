// Informers for a program of its own: the host's clock, and the console as log, unless it brings others.
import { lastingClock } from '../clock.ts';
import { createInformers, type InformersOptions } from './create-informers.ts';
import type { InformerLog, Informers } from './informer.ts';

export type StandaloneInformersOptions = Pick<InformersOptions, 'client'> & Partial<InformersOptions>;

export const standaloneInformers = (options: StandaloneInformersOptions): Informers =>
  createInformers({ clock: lastingClock, log: consoleLog, ...options });

const consoleLog: InformerLog = {
  warn: (fields, message) => console.warn(`tsukube/client: ${message}`, fields),
  error: (fields, message) => console.error(`tsukube/client: ${message}`, fields),
};
