// What a built-in type may have of its own, over what every type does. All members are optional; the builder
// (builtin.ts) runs them after the generic step of the same name. Defaults are not here but with the types they
// belong to (defaults/), since a PodSpec has the same ones in a Pod and in a Deployment.
import type { AnyObject, ObjectMeta } from '../apimachinery/meta.ts';
import type { FieldError } from '../apimachinery/status-error.ts';
import type { Cell, ResourceDefinition, TableContext, WriteContext } from './definition.ts';

export type Cells = (object: AnyObject, context: TableContext) => Cell[];

export interface Behaviour {
  /** What reading an object through the type that all versions share does to it, after its defaults. */
  settle?(object: AnyObject): void;
  prepareForCreate?(object: AnyObject, context: WriteContext): void;
  prepareForUpdate?(object: AnyObject, old: AnyObject, context: WriteContext): void;
  prepareForStatusUpdate?(object: AnyObject, old: AnyObject, context: WriteContext): void;

  /** Metadata as the author of a new object gave it, where something is added to it before it is checked. */
  givenMetadata?(object: AnyObject): ObjectMeta;
  validateName?: ResourceDefinition['validateName'];
  /** Rules of the object by itself, metadata apart; checked on create and on update, where what `old` had may stay. */
  validate?(object: AnyObject, old?: AnyObject): FieldError[];
  /** Rules of a create alone, over those of the object. */
  validateCreate?(object: AnyObject): FieldError[];
  /** Whether an update is judged by its change alone, not by the rules of the object. */
  updateIsChangeOnly?: boolean;
  /** Rules about the change; the new object's own are checked as well. */
  validateUpdate?(object: AnyObject, old: AnyObject): FieldError[];
  validateStatusUpdate?(object: AnyObject, old: AnyObject): FieldError[];
  warnings?(object: AnyObject, old: AnyObject | undefined): string[];

  /** Values of selectors that are not simply the field of that name. */
  selectableFields?: ResourceDefinition['selectableFields'];
  fieldRefusal?: NonNullable<ResourceDefinition['fieldRefusal']>;
  deletionGrace?: ResourceDefinition['deletionGrace'];
  ttlSeconds?: number;
  defaultPropagation?: ResourceDefinition['defaultPropagation'];

  storage?: ResourceDefinition['storage'];
  toStorage?: ResourceDefinition['toStorage'];
  fromStorage?: ResourceDefinition['fromStorage'];
}
