// A resource is a value. Built-in types get theirs from the facts plus, where a type has behaviour of its own,
// a file under src/api/<group>/; a CustomResourceDefinition makes the same value at run time.
import type { Decoded } from '../apimachinery/codec/decoded.ts';
import type { AnyObject, JsonObject } from '../apimachinery/meta.ts';
import type { Shape } from '../apimachinery/patch/apply/shape.ts';
import type { FieldError } from '../apimachinery/status-error.ts';
import type { Schema } from './apiextensions/schema.ts';
import type { ResourceType, Verb } from './resource-type.ts';
import type { SchemaSet, TypeSchema } from './schema.ts';

export type { ResourceType, Verb };

export interface SubresourceDefinition {
  /** 'status', 'scale', 'log', … */
  name: string;
  /** What its body is, when that is not the parent's kind. */
  group: string;
  version: string;
  kind: string;
  verbs: readonly string[];
}

/** One column of kubectl's table, as metav1.TableColumnDefinition. */
export interface Column {
  name: string;
  type: string;
  format: string;
  description?: string;
  priority: number;
}

export interface TableContext {
  /** Wall-clock milliseconds, for ages. */
  now: number;
}

export interface WriteContext {
  /** Wall-clock milliseconds, for times that the server writes. */
  now: number;
  /** Tells the author of a new object of what was made of it. */
  warn?(text: string): void;
}

export interface ScalePaths {
  specReplicas: readonly string[];
  statusReplicas: readonly string[];
  /** A label selector as text. */
  selector: readonly string[] | undefined;
}

/** Stored objects as a version of a type made at run time shows them. */
export interface Views {
  /** The object in this version, frozen. Throws where prepare() is there and was not awaited for it. */
  of(stored: AnyObject): AnyObject;
  /** Where another program converts objects between versions: has it done for these. Rejects with a StatusError. */
  prepare?(stored: readonly AnyObject[]): Promise<void>;
  toStorage(object: AnyObject): Promise<AnyObject>;
}

/** What a table shows in one place; integers beyond 2^53 are bigints. */
export type Cell = string | number | bigint | boolean | null;

/**
 * Everything the generic registry asks about a type. Objects handed to the functions are plain and mutable
 * unless said otherwise; `old` is frozen. All functions are pure but for the mutation they are named after.
 */
export interface ResourceDefinition extends ResourceType {
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly schema: TypeSchema;
  /** What a CustomResourceDefinition says of its objects; only with types made at run time. */
  readonly customSchema?: Schema;
  readonly subresources: Readonly<Record<string, SubresourceDefinition>>;
  /** Where objects of this type live: versions of one type and events of both groups share a place. */
  readonly storage: { readonly group: string; readonly resource: string; readonly version: string };

  /** Field selectors beyond metadata.name and metadata.namespace: label → value. */
  readonly selectableFields: Readonly<Record<string, (object: AnyObject) => string>>;
  /** The words for any other field, of a type that has words of its own. */
  readonly fieldRefusal?: (field: string) => string;

  /**
   * Types made at run time have no model and bring bodies into shape themselves: returns the value without what
   * the type does not know, and the problems that strict reading reports. Throws DecodeError.
   */
  readonly fit?: (decoded: Decoded, types: SchemaSet) => { value: JsonObject; problems: readonly string[] };
  /** How stored objects of such a type look, where that is more than `fromStorage` can say. */
  readonly views?: Views;
  /** Changes with whatever could make such views look different. */
  readonly edition?: string;
  /** Aborts when another takes its place, or none: watches end then. */
  readonly retired?: AbortSignal;
  /** How server-side apply sees such a type. */
  readonly applyShape?: (types: SchemaSet) => Shape;
  setDefaults(object: AnyObject): void;
  /** Between this version and the storage version; identity for nearly all. */
  toStorage(object: AnyObject): AnyObject;
  fromStorage(object: AnyObject): AnyObject;

  /** What a create may not set is reset here (status, and what the type's strategy says). */
  /** The form in which fields have owners, where an object that came may be in another. */
  ownedForm?(object: AnyObject): AnyObject;
  prepareForCreate(object: AnyObject, context: WriteContext): void;
  /** What an update of the main resource may not change is put back here; also decides generation. */
  prepareForUpdate(object: AnyObject, old: AnyObject, context: WriteContext): void;
  /** The same for /status: everything but status comes from `old`. */
  prepareForStatusUpdate(object: AnyObject, old: AnyObject, context: WriteContext): void;
  /** Whether metadata.generation counts changes of this type. */
  readonly hasGeneration: boolean;

  validateName(name: string, prefix: boolean): string[];
  /** Whether a create is told what is wrong with its generateName, besides the name that comes of it. */
  readonly validatesGenerateName: boolean;
  /** Whether a create judges name and metadata by the rules of all types, and only if `validate` finds nothing. */
  readonly judgesNameLast: boolean;
  validate(object: AnyObject): FieldError[];
  /** What only a new object must be, over `validate`. */
  validateCreate?(object: AnyObject): FieldError[];
  validateUpdate(object: AnyObject, old: AnyObject): FieldError[];
  validateStatusUpdate(object: AnyObject, old: AnyObject): FieldError[];
  /** Texts for Warning headers. */
  warnings(object: AnyObject, old: AnyObject | undefined): string[];

  /** The text of the Warning that every use of this version gets, for types made at run time. */
  readonly deprecation?: string;
  /** Where /scale finds its numbers, for types made at run time; spec.replicas and its like elsewhere. */
  readonly scale?: ScalePaths;

  readonly allowCreateOnUpdate: boolean;
  readonly allowUnconditionalUpdate: boolean;
  /** Grace of a DELETE in seconds, or undefined for types that go at once. */
  deletionGrace(object: AnyObject, requested: number | undefined): number | undefined;
  /** What DELETE does with dependents when the request says nothing; 'None': nothing, whatever it says. */
  readonly defaultPropagation: 'Background' | 'Orphan' | 'None';
  /** Whether the body of a DELETE answer is the object (Pods, Namespaces …) instead of a Status. */
  readonly returnDeletedObject: boolean;
  /** Seconds after which an object goes by itself (Events), or undefined. */
  readonly ttlSeconds: number | undefined;

  readonly columns: readonly Column[];
  /** One cell per column. */
  cells(object: AnyObject, context: TableContext): Cell[];
  /** How the rows of a list are sorted; without it they are as the list is. */
  readonly rowOrder?: (a: AnyObject, b: AnyObject) => number;
}
