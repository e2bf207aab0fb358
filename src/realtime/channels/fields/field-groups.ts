import type { Position } from '../../../protocol/index.js';
import type { EventClass } from '../../options/channel-definition.js';
import { allRules, classRules, type ClassRules, type FieldRule, type NestedRules } from './class-rules.js';
import { userNamedBy } from './expose-to-user.js';
import { grantedFields, subTypesOf, type GrantedFields } from './granted-fields.js';

/** The part of a channel's restricted fields that a subscriber receives. */
export interface View {
  /** Groups and granted fields as a string, equal for all subscribers with the same ones. */
  readonly shared: string;
  /** The user id, if events can show this user more fields by id; otherwise `null`. */
  readonly userId: string | null;
}

/** The view without any restricted fields. */
export const NO_GROUPS: View = { shared: '[[],[]]', userId: null };

export const NO_USERS: ReadonlySet<string> = new Set();

/** Maximum number of users to whom one event can show more fields by id. A separate frame is created for each of them. */
export const MAX_NAMED_USERS = 16;

/** The groups and granted fields that a view includes. */
export interface Shown {
  readonly groups: ReadonlySet<string>;
  readonly granted: GrantedFields;
}

/** The receiver for whom data is narrowed. */
export interface Viewer {
  readonly groups: ReadonlySet<string>;
  readonly userId: string | null;
  /** Collects the users to whom the data shows more than to this viewer. */
  readonly others: Set<string>;
}

/** Restricted fields of a channel's events, as declared by `@Expose({ groups })`, `@Exclude()` and `@ExposeToUser`. */
export class FieldGroups {
  /** All groups that some field is restricted to. */
  readonly groups: ReadonlySet<string>;
  private readonly hidesFromAll: boolean;
  /** The rules that expose a field to users by id. */
  private readonly toUsers: readonly FieldRule[];
  private readonly shown = new Map<string, Shown>();

  protected constructor(protected readonly rules: ClassRules) {
    const all = [...allRules(rules)];
    const fields = all.flatMap((one) => [...one.fields.values()].flat());
    this.groups = new Set(fields.flatMap(({ groups }) => groups ?? []));
    this.hidesFromAll = all.some((one) => one.exposedOnly) || fields.some(({ groups }) => groups?.length === 0);
    this.toUsers = fields.filter(({ users }) => users.length > 0);
  }

  /**
   * @returns `null` if all clients receive all fields
   * @throws ClassRulesError
   */
  static of(type: EventClass): FieldGroups | null {
    const found = new FieldGroups(classRules(type));
    return found.restricts ? found : null;
  }

  /** True if some client does not receive all fields. */
  get restricts(): boolean {
    return this.hidesFromAll || this.groups.size > 0;
  }

  /** Returns the body of an event as its receivers get it. */
  received(body: string, _position: Position | null): string {
    return body;
  }

  /** Returns true if an event contains no change, and its receivers need the state of the channel. */
  isReload(_body: string): boolean {
    return false;
  }

  /** True if a field is exposed to users by id. */
  get namesUsers(): boolean {
    return this.toUsers.length > 0;
  }

  /**
   * Returns the view of a subscriber with these groups and granted fields. Groups and names without effect are left out, so that
   * subscribers who receive the same fields have the same view.
   * @param userId the user id, if events of the channel can name it
   */
  viewOf(groups: Iterable<string>, fields: readonly string[] = [], userId: string | null = null): View {
    const given = new Set(groups);
    const own = new Set([...this.groups].filter((group) => given.has(group)).sort());
    const shared = JSON.stringify([[...own], this.granted(own, fields).paths]);
    return { shared, userId: this.toUsers.some((rule) => !isForGroup(rule, own)) ? userId : null };
  }

  /** Returns true if the view hides no field. */
  isWhole({ shared }: View): boolean {
    return !this.hidesFromAll && this.shownTo(shared).groups.size === this.groups.size;
  }

  /**
   * Deletes the fields that are hidden from this view. `data` must be parsed JSON.
   * @returns the ids of users who would receive more fields
   */
  narrow(data: unknown, view: View): ReadonlySet<string> {
    const others = this.takeOut(data, view);
    return others.size === 0 || others.size > MAX_NAMED_USERS ? NO_USERS : others;
  }

  /**
   * Returns true if an event names too many users, so that no user receives a field by id.
   * @param data is modified
   */
  namesTooMany(data: unknown): boolean {
    return this.namesUsers && this.takeOut(data, NO_GROUPS).size > MAX_NAMED_USERS;
  }

  private takeOut(data: unknown, { shared, userId }: View): Set<string> {
    const { groups, granted } = this.shownTo(shared);
    const others = new Set<string>();
    narrow(data, this.rules, { groups, userId, others }, granted);
    return others;
  }

  protected shownTo(shared: string): Shown {
    let shown = this.shown.get(shared);
    if (shown === undefined) {
      const [own, fields] = JSON.parse(shared) as [string[], string[]];
      const groups = new Set(own);
      this.shown.set(shared, (shown = { groups, granted: this.granted(groups, fields).granted }));
    }
    return shown;
  }

  private granted(own: ReadonlySet<string>, fields: readonly string[]): ReturnType<typeof grantedFields> {
    return grantedFields(this.rules, fields, (rule) => isForGroup(rule, own));
  }
}

const NONE: GrantedFields = new Map();

function narrow(value: unknown, rules: ClassRules, viewer: Viewer, granted: GrantedFields): void {
  if (Array.isArray(value)) for (const entry of value) narrow(entry, rules, viewer, granted);
  if (!isObject(value)) return;
  const hidden: string[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const all = rules.fields.get(key);
    if (all === undefined ? rules.exposedOnly : !isShown(value, all, viewer, granted)) {
      hidden.push(key);
      continue;
    }
    for (const rule of all ?? []) {
      if (rule.nested !== null) narrowNested(inner, rule.nested, viewer, granted.get(rule)?.inner ?? NONE);
    }
  }
  // Deleted at the end: a hidden field can contain the id of a user, and is read before.
  for (const key of hidden) Reflect.deleteProperty(value, key);
}

/** @param all the rules of a field of this object; all of them must show it */
function isShown(value: object, all: readonly FieldRule[], viewer: Viewer, granted: GrantedFields): boolean {
  if (all.every((rule) => isFor(rule, viewer.groups, granted))) return true;
  const hiding = all.filter((rule) => !isFor(rule, viewer.groups, granted));
  const [first = [], ...rest] = hiding.map(({ users }) => users.map((keys) => userNamedBy(value, keys)));
  const named = first.filter((id) => id !== null && rest.every((ids) => ids.includes(id)));
  if (named.includes(viewer.userId)) return true;
  for (const id of named) viewer.others.add(id!);
  return false;
}

export function narrowNested(inner: unknown, nested: NestedRules, viewer: Viewer, granted: GrantedFields): void {
  const value: unknown = nested.isMap && isObject(inner) ? Object.values(inner) : inner;
  if (nested.subTypes === null) return narrow(value, nested.base, viewer, granted);
  for (const entry of [value].flat(Infinity)) {
    if (!isObject(entry)) continue;
    const known = nested.subTypes.byName.get(Reflect.get(entry, nested.subTypes.property));
    // Without a known discriminator, the rules of all possible classes apply.
    for (const rules of known === undefined ? [nested.base, ...subTypesOf(nested)] : [known]) {
      narrow(entry, rules, viewer, granted);
    }
  }
}

export function isFor(rule: FieldRule, own: ReadonlySet<string>, granted: GrantedFields): boolean {
  return isForGroup(rule, own) || granted.get(rule)?.granted === true;
}

function isForGroup({ groups }: FieldRule, own: ReadonlySet<string>): boolean {
  return groups === null || groups.some((group) => own.has(group));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
