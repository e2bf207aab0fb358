import { pathOf, type RealtimeStates, type StatePatch, type StateReload } from '../../protocol/index.js';
import { InvalidEventError } from '../publishing/errors.js';
import { withoutMaps } from './without-maps.js';

/** Marks a property that a patch removes. */
export class Removal {
  /** Makes the type different from an empty object. */
  readonly removed = true;
}

/** Marks a value that replaces the one before as a whole. */
export class Replacement<T> {
  constructor(readonly value: T) {}
}

/** A change of a state: objects are merged, everything else replaces the value before. `null` is a value. */
export type StatePartial<T> = T extends readonly unknown[] | Date
  ? T
  : T extends ReadonlyMap<string, infer Entry>
    ? { readonly [name: string]: StatePartial<Entry> | Replacement<Entry> | Removal }
    : T extends object
      ? { readonly [Name in keyof T]?: StatePartial<T[Name]> | Replacement<T[Name]> | RemovalOf<T, Name> }
      : T;

/** A property that an object can lack can be removed. */
export type RemovalOf<T, Name extends keyof T> = string extends Name
  ? Removal
  : undefined extends T[Name]
    ? Removal
    : never;

/** Channels of live resources: those of the state map, or any string while it is empty. */
export type StateChannel<S> = [keyof S] extends [never] ? string : keyof S & string;

/** The state of a channel. */
export type StateOf<S, C extends string> = C extends keyof S ? S[C] : unknown;

/** A change of the state of a channel; of any object while the state map is empty. */
export type PartialOf<S, C extends string> = C extends keyof S ? StatePartial<S[C]> : Readonly<Record<string, unknown>>;

/** Removes a property in a patch: `{ cards: { '8': remove() } }`. A property that is missing stays missing. */
export function remove(): Removal {
  return new Removal();
}

/** Replaces an object in a patch, instead of merging it: `{ cards: { '9': replace(card) } }`. */
export function replace<T>(value: T): Replacement<T> {
  return new Replacement(value);
}

/**
 * Returns the event of a partial change, for `RealtimeOutbox.emit` and `EventsPublisher.emit`. `LiveResources.patch` publishes it.
 *
 *     await outbox.emit(manager, 'projects:42:board', statePatch({ cards: { '7': { column: 'done' } } }));
 *
 * Plain objects are merged; lists, instances of classes and all other values are set. An empty object changes nothing: use
 * {@link replace} to set one.
 * @throws InvalidEventError if it is not an object with the properties to change
 */
export function statePatch<C extends StateChannel<RealtimeStates>>(partial: PartialOf<RealtimeStates, C>): StatePatch {
  if (typeof partial !== 'object' || partial === null || Array.isArray(partial)) {
    const found = Array.isArray(partial) ? 'a list' : String(partial);
    throw new InvalidEventError('data', `must be an object with the properties to change, not ${found}: use set`);
  }
  const set: Record<string, unknown> = {};
  const removed: string[] = [];
  collect(partial, [], set, removed);
  return { ...(Object.keys(set).length > 0 && { set }), ...(removed.length > 0 && { remove: removed }) };
}

/** Returns the event that replaces a state, like {@link statePatch}. */
export function wholeState<C extends StateChannel<RealtimeStates>>(state: StateOf<RealtimeStates, C>): StatePatch {
  return { set: { '': withoutMaps(state) } };
}

/** The event after which the state is loaded again, and sent whole, for `RealtimeOutbox.emit`. */
export const RELOAD_STATE: StateReload = { reload: true };

function collect(value: unknown, path: readonly string[], set: Record<string, unknown>, removed: string[]): void {
  if (value === undefined) return;
  if (value instanceof Removal) removed.push(pathOf(path));
  else if (value instanceof Replacement) set[pathOf(path)] = withoutMaps(value.value);
  else if (path.length > 0 && !isPlain(value)) set[pathOf(path)] = withoutMaps(value);
  else for (const [name, inner] of Object.entries(value as object)) collect(inner, [...path, name], set, removed);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
