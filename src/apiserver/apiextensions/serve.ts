// Keeps the catalogue at what CustomResourceDefinitions say, marks them as established, and empties a definition
// that is being deleted of its objects (customresource_finalizer.go).
import { isDeepStrictEqual } from 'node:util';
import type { ResourceType } from '../../api/definition.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '../../api/types/apiextensions/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import { type Timer, timestamp } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import type { ObjectReader } from '../reader.ts';
import { deleteObject } from '../registry/delete.ts';
import type { ResourceHooks } from '../registry/hooks.ts';
import { writeOptions } from '../registry/parameters.ts';
import { updateObject } from '../registry/update.ts';
import type { WriteEnvironment, WriteTarget } from '../registry/write.ts';
import { webhookConversion } from './conversion.ts';
import { definitionsOf, storedDefinitionOf } from './custom-resource.ts';
import { statusOf, withConditions } from './names.ts';

type Definition = AnyObject & CustomResourceDefinition;

export const customResourceDefinitions: ResourceType<Definition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

const EMPTYING = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
};
const RETRY_MS = 5_000;

const CONDEMNED = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
};

/** A definition goes only after its objects. */
export const definitionHooks: ResourceHooks = {
  deletesItself: true,
  beginDelete(object, { now }) {
    const { metadata } = object;
    if (!metadata.deletionTimestamp) {
      const status = object.status as CustomResourceDefinitionStatus | undefined;
      object.status = { ...status, conditions: withConditions(status?.conditions ?? [], [CONDEMNED], now) };
    }
    metadata.deletionTimestamp ??= now;
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CLEANUP])];
    return true;
  },
};

interface Specified {
  spec: Definition['spec'];
  retirement: AbortController;
}

export interface ServeOptions {
  env: WriteEnvironment;
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  log: Logger;
}

/** Serves what is stored now and what comes; returns how to stop. */
export function serveCustomResources({ env, reader, catalogue, log }: ServeOptions): () => void {
  const emptying = new Map<string, () => void>();
  const retries = new Map<string, Timer>();
  const specs = new Map<string, Specified>();

  const retire = (name: string): void => {
    specs.get(name)?.retirement.abort();
    specs.delete(name);
  };

  /** Until what it specifies changes; its status may. */
  const inForce = ({ metadata: { name = '' }, spec }: Definition): AbortSignal => {
    if (!isDeepStrictEqual(specs.get(name)?.spec, spec)) {
      retire(name);
      specs.set(name, { spec, retirement: new AbortController() });
    }
    return (specs.get(name) as Specified).retirement.signal;
  };

  const changed = (crd: Definition, deleted: boolean): void => {
    const { group, names } = crd.spec;
    const name = crd.metadata.name as string;
    if (deleted) {
      emptying.get(name)?.();
      emptying.delete(name);
      catalogue.remove(group, names.plural);
      retire(name);
      // The names it had are free for others of its group.
      for (const other of othersThan(crd)) {
        if (other.spec.group === group) establish(other).catch((error: unknown) => report(error, other.metadata.name));
      }
      return;
    }
    const accepted = isAccepted(crd);
    if (!accepted) retire(name);
    const ask = webhookConversion(crd, reader);
    const served = accepted ? definitionsOf(crd, { ask, retired: inForce(crd) }) : [];
    for (const old of catalogue.all()) {
      const same = old.group === group && old.plural === names.plural;
      if (same && !served.some(({ version }) => version === old.version)) catalogue.remove(group, names.plural);
    }
    catalogue.put(served);
    const work = crd.metadata.deletionTimestamp ? empty(crd) : establish(crd);
    work.catch((error: unknown) => report(error, name));
  };

  const report = (error: unknown, name: string | undefined) =>
    log.error({ err: error, crd: name }, 'custom resource definition');

  /** One definition that makes no sense must not keep the others from being served. */
  const notice = (crd: Definition, deleted: boolean): void => {
    try {
      changed(crd, deleted);
    } catch (error) {
      report(error, crd.metadata.name);
    }
  };

  const targetOf = (verb: 'update' | 'delete', subresource: string, name: string): WriteTarget | undefined => {
    const { group, version, plural } = customResourceDefinitions;
    const definition = catalogue.find(group, version, plural);
    if (!definition) return undefined;
    const user = { username: 'system:apiserver', groups: ['system:masters'] };
    const common = { namespace: undefined, dryRun: false, fieldManager: 'kube-apiserver', warn: () => undefined };
    const origin = {
      user: user.username,
      verb,
      fieldManager: common.fieldManager,
      ...(subresource && { subresource }),
    };
    const options = () => writeOptions(verb, new URLSearchParams());
    return { definition, name, subresource, user, origin, options, ...common };
  };

  const othersThan = ({ metadata }: Definition): Definition[] =>
    reader.list(customResourceDefinitions).filter((other) => other.metadata.name !== metadata.name);

  const establish = (crd: Definition): Promise<void> =>
    changeStatus(crd, (now) => statusOf(now, othersThan(now), timestamp(env.clock)));

  /** Writes what `next` makes of the status; undefined: it stays as it is. */
  async function changeStatus(crd: Definition, next: (now: Definition) => Definition['status']): Promise<void> {
    const target = targetOf('update', 'status', crd.metadata.name as string);
    if (!target || !next(crd)) return;
    await updateObject(env, target, {
      apply(current) {
        const now = current as Definition;
        const status = next(now);
        return structuredClone(status ? { ...now, status } : now);
      },
      prepare: (object, old, context) => target.definition.prepareForStatusUpdate(object, old, context),
      validate: () => [],
      unconditional: true,
    }).catch(ignoreMissing);
  }

  function retry(name: string, uid: string | undefined): void {
    retries.get(name)?.cancel();
    const timer = env.clock.after(RETRY_MS, () => {
      retries.delete(name);
      const now = reader.get(customResourceDefinitions, undefined, name);
      if (now && now.metadata.uid === uid) empty(now).catch((error: unknown) => report(error, name));
    });
    retries.set(name, timer);
  }

  async function empty(crd: Definition): Promise<void> {
    const name = crd.metadata.name as string;
    const definition = storedDefinitionOf(crd, { ask: webhookConversion(crd, reader) });
    const target = targetOf('delete', '', name);
    if (!target || !crd.metadata.finalizers?.includes(CLEANUP)) return;
    await changeStatus(crd, (now) => {
      const before = now.status?.conditions ?? [];
      if (before.some(({ type, reason }) => type === EMPTYING.type && reason === EMPTYING.reason)) return undefined;
      const conditions = withConditions(before, [EMPTYING], timestamp(env.clock));
      return { ...(now.status as CustomResourceDefinitionStatus), conditions };
    });
    if (!emptying.has(name)) {
      emptying.set(
        name,
        reader.subscribe(definition, (_object, gone) => void (gone && finish().catch(ignoreMissing))),
      );
    }
    await deleteAll().catch((error: unknown) => {
      report(error, name);
      retry(name, crd.metadata.uid);
    });

    async function deleteAll(): Promise<void> {
      for (const object of reader.list(definition)) {
        const { namespace, name: itsName = '' } = object.metadata;
        const one = { ...(target as WriteTarget), definition, namespace, name: itsName };
        await deleteObject(env, one, { dryRun: false }).catch(ignoreMissing);
      }
      await finish();
    }

    async function finish(): Promise<void> {
      if (!target || reader.list(definition).length > 0) return;
      await updateObject(
        env,
        { ...target, origin: { ...target.origin, verb: 'update' } },
        {
          apply: (current) => withoutCleanup(current as Definition),
          unconditional: true,
        },
      ).catch(ignoreMissing);
    }
  }

  const stop = reader.subscribe(customResourceDefinitions, (object, deleted) => notice(object as Definition, deleted));
  for (const crd of reader.list(customResourceDefinitions)) notice(crd, false);
  return () => {
    stop();
    for (const end of emptying.values()) end();
    for (const timer of retries.values()) timer.cancel();
  };
}

function ignoreMissing(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error; // gone already: nothing left to do
}

/** Only what has got its names is served; until it was looked at, what nobody else can have is. */
const isAccepted = ({ status }: Definition): boolean =>
  !status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'False');

function withoutCleanup(current: Definition): AnyObject {
  const crd = structuredClone(current);
  crd.metadata.finalizers = (crd.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP);
  return crd;
}
