// How stored custom resources look in a version: with that version's defaults and without what it does not know
// (apiextensions-apiserver pkg/apiserver/customresource_handler.go, the codecs of the storage). Remembered for each.
import { applyDefaults } from '../../api/apiextensions/defaulting.ts';
import { prune } from '../../api/apiextensions/pruning.ts';
import type { Schema } from '../../api/apiextensions/schema.ts';
import type { Views } from '../../api/definition.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { canonicalEqual, deepCopy, deepFreeze } from '../../apimachinery/value.ts';
import type { ConvertObjects } from './conversion.ts';

export interface ViewOptions {
  /** The version to show. */
  apiVersion: string;
  /** Schemas by apiVersion, of versions that are not served, too. */
  schemas: ReadonlyMap<string, Schema>;
  storedApiVersion: string;
  /** Asks the conversion webhook; without it versions differ only in their names and in what they know. */
  ask?: ConvertObjects | undefined;
}

export function createViews({ apiVersion, schemas, storedApiVersion, ask }: ViewOptions): Views {
  const known = new WeakMap<AnyObject, AnyObject>();

  const remember = (stored: AnyObject, shown: AnyObject): AnyObject => {
    // Nearly always nothing had to be done: then there is one object, not two.
    const view = canonicalEqual(stored, shown) ? stored : deepFreeze(shown);
    known.set(stored, view);
    return view;
  };

  const inForce = (stored: AnyObject): string =>
    schemas.has(stored.apiVersion as string) ? (stored.apiVersion as string) : storedApiVersion;

  /** As its own version has it now. */
  const read = (stored: AnyObject): AnyObject => {
    const object = deepCopy(stored);
    const schema = schemas.get(inForce(stored)) as Schema;
    prune(object, schema);
    setDefaults(object, schema);
    return object;
  };

  const named = (object: AnyObject, as: string): AnyObject => {
    object.apiVersion = as;
    prune(object, schemas.get(as) as Schema);
    return object;
  };

  const needsAsking = (stored: AnyObject): boolean => ask !== undefined && inForce(stored) !== apiVersion;

  return {
    of(stored) {
      const shown = known.get(stored);
      if (shown) return shown;
      if (needsAsking(stored)) throw new TypeError(`a view of ${stored.metadata.name} was not prepared`);
      const object = read(stored);
      return remember(stored, object.apiVersion === apiVersion ? object : named(object, apiVersion));
    },
    ...(ask
      ? {
          async prepare(objects) {
            const strange = objects.filter((stored) => !known.has(stored) && needsAsking(stored));
            if (strange.length === 0) return;
            const converted = await ask(strange.map(read), apiVersion);
            for (const [i, stored] of strange.entries()) {
              remember(stored, named(converted[i] as AnyObject, apiVersion));
            }
          },
        }
      : {}),
    async toStorage(object) {
      if (apiVersion === storedApiVersion) return object;
      const [converted] = ask ? await ask([object], storedApiVersion) : [deepCopy(object)];
      return named(converted as AnyObject, storedApiVersion);
    },
  };
}

/** Type and metadata are not the schema's, whatever it says of them. */
export function setDefaults(object: AnyObject, schema: Schema): void {
  const { apiVersion, kind, metadata, ...rest } = object;
  applyDefaults(rest, schema);
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, { apiVersion, kind, metadata }, rest);
}
