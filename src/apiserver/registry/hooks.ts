// Steps that single resources add to the generic write path, as upstream's BeginCreate, BeginUpdate and
// AfterDelete: allocations that must be taken before validation and given back when the write fails.
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { FieldError } from '../../apimachinery/status-error.ts';
import type { UserInfo } from '../identity.ts';

/** What a step took; exactly one of the two is called. */
export interface Reservation {
  commit(): void | Promise<void>;
  release(): void | Promise<void>;
}

export interface ResourceHooks {
  beginCreate?(object: AnyObject, options: { dryRun: boolean; user: UserInfo }): Reservation | Promise<Reservation>;
  beginUpdate?(object: AnyObject, old: AnyObject, options: { dryRun: boolean }): Reservation | Promise<Reservation>;
  /** What only the server can judge, told beside what the definition finds. */
  validate?(object: AnyObject, old: AnyObject | undefined): FieldError[];
  /** After the object has left the store. */
  afterDelete?(object: AnyObject): void | Promise<void>;
  /** Whether upstream deletes it by code of its own, which has other words for preconditions that fail. */
  deletesItself?: true;
  /** Changes the object when its deletion begins; true when it must stay although nothing else keeps it. */
  beginDelete?(object: AnyObject, options: { now: string }): boolean;
  /** Whether an object marked for deletion still waits for something besides finalizers and grace. */
  keepsDeleted?(object: AnyObject): boolean;
}
