// Writes the APIServices of what this server answers itself, and keeps them in step with the custom resources.
import { apiServices } from '../../api/resources.ts';
import type { APIService } from '../../api/types/apiregistration/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { Logger } from '../../log.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import type { ObjectReader } from '../reader.ts';
import { METRICS_GROUP } from '../virtual/metrics/definitions.ts';
import { difference, LOCAL_FIELD_MANAGER, localApiServices } from './local.ts';

export interface RegisterOptions {
  client: Client;
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  log: Logger;
}

export interface Registration {
  /** Resolves when all of them are there; from then on they follow the catalogue. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function registerApiServices({ client, reader, catalogue, log }: RegisterOptions): Registration {
  let running: Promise<void> | undefined;
  let again = false;
  let stopFollowing = (): void => undefined;

  async function sync(): Promise<void> {
    const existing = reader.list<APIService>(apiServices);
    const { create, update, remove } = difference(existing, localApiServices(catalogue.all()));
    await Promise.all(
      [
        ...create.map((one) => client.create(apiServices, one, { fieldManager: LOCAL_FIELD_MANAGER })),
        ...update.map((one) => client.update(apiServices, one, { fieldManager: LOCAL_FIELD_MANAGER })),
        ...remove.map(({ metadata }) =>
          client.delete(apiServices, undefined, metadata.name as string, {
            preconditions: { uid: metadata.uid as string },
          }),
        ),
      ].map((write) => (write as Promise<unknown>).catch(ignoreRace)),
    );
  }

  async function follow(): Promise<void> {
    do {
      again = false;
      await sync().catch((error: unknown) => log.warn({ err: error }, 'local APIServices are not up to date'));
    } while (again);
    running = undefined;
  }

  return {
    async start() {
      await sync();
      const changed = () => {
        if (running) again = true;
        else running = follow();
      };
      const stops = [
        catalogue.subscribe(changed),
        // One that somebody had taken over, and is gone, is this server's again.
        reader.subscribe(apiServices, (object, deleted) => {
          if (deleted && object.metadata.name?.endsWith(`.${METRICS_GROUP}`)) changed();
        }),
      ];
      stopFollowing = () => {
        for (const stop of stops) stop();
      };
    },
    async stop() {
      stopFollowing();
      again = false;
      await running;
    },
  };
}

/** Somebody else wrote it meanwhile: what they made of it is looked at when the catalogue changes next. */
function ignoreRace(error: unknown): void {
  if (!['AlreadyExists', 'Conflict', 'NotFound'].some((reason) => hasReason(error, reason))) throw error;
}
