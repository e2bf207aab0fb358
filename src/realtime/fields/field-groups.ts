import type { EventClass } from '../options/channel-definition.js';
import { allRules, classRules, type ClassRules, type FieldRule, type NestedRules } from './class-rules.js';
import { userNamedBy } from './expose-to-user.js';
import { grantedFields, subTypesOf, type GrantedFields } from './granted-fields.js';

/** What a subscriber gets of a channel's limited fields. */
export interface View {
  /** Groups and granted fields, as text that is the same for all who share them. */
  readonly shared: string;
  /** The user, if an event can show it more by its id; else `null`. */
  readonly userId: string | null;
}

/** Gets what everybody gets, and nothing more. */
export const NO_GROUPS: View = { shared: '[[],[]]', userId: null };

export const NO_USERS: ReadonlySet<string> = new Set();

/** How many users one event can show more by their ids: a frame is made for each of them. */
export const MAX_NAMED_USERS = 16;

/** What a view lets through. */
interface Shown {
  readonly groups: ReadonlySet<string>;
  readonly granted: GrantedFields;
}

/** One for whom data is narrowed. */
interface Viewer {
  readonly groups: ReadonlySet<string>;
  readonly userId: string | null;
  /** Takes the users whom the data shows more than this viewer. */
  readonly others: Set<string>;
}

/** Restricted fields of a channel's events, as `@Expose({ groups })`, `@Exclude()` and `@ExposeToUser` say. */
export class FieldGroups {
  /** Every group that some field is for. */
  readonly groups: ReadonlySet<string>;
  private readonly hidesFromAll: boolean;
  /** The rules that expose a field to users by their ids. */
  private readonly toUsers: readonly FieldRule[];
  private readonly shown = new Map<string, Shown>();

  private constructor(private readonly rules: ClassRules) {
    const all = [...allRules(rules)];
    const fields = all.flatMap((one) => [...one.fields.values()].flat());
    this.groups = new Set(fields.flatMap(({ groups }) => groups ?? []));
    this.hidesFromAll = all.some((one) => one.exposedOnly) || fields.some(({ groups }) => groups?.length === 0);
    this.toUsers = fields.filter(({ users }) => users.length > 0);
  }

  /** @returns `null` where everybody gets everything. @throws ClassRulesError */
  static of(type: EventClass): FieldGroups | null {
    const found = new FieldGroups(classRules(type));
    return found.hidesFromAll || found.groups.size > 0 ? found : null;
  }

  /** True if a user can get a field by its id. */
  get namesUsers(): boolean {
    return this.toUsers.length > 0;
  }

  /**
   * What a subscriber gets that has these groups, and was granted these fields by name: groups that no field is for make no difference,
   * nor do names of no such field, or of one that is had already.
   * @param userId its id, if events of the channel can name it
   */
  viewOf(groups: Iterable<string>, fields: readonly string[] = [], userId: string | null = null): View {
    const given = new Set(groups);
    const own = new Set([...this.groups].filter((group) => given.has(group)).sort());
    const shared = JSON.stringify([[...own], this.granted(own, fields).paths]);
    return { shared, userId: this.toUsers.some((rule) => !isForGroup(rule, own)) ? userId : null };
  }

  /** Whether it leaves nothing out. */
  isWhole({ shared }: View): boolean {
    return !this.hidesFromAll && this.shownTo(shared).groups.size === this.groups.size;
  }

  /**
   * Takes out of data, as it was parsed, what is not for this view.
   * @returns the users for whom more would be left, by their ids
   */
  narrow(data: unknown, view: View): ReadonlySet<string> {
    const others = this.takeOut(data, view);
    return others.size === 0 || others.size > MAX_NAMED_USERS ? NO_USERS : others;
  }

  /** True if an event names so many users that none of them gets a field by its id. @param data is changed */
  namesTooMany(data: unknown): boolean {
    return this.namesUsers && this.takeOut(data, NO_GROUPS).size > MAX_NAMED_USERS;
  }

  private takeOut(data: unknown, { shared, userId }: View): Set<string> {
    const { groups, granted } = this.shownTo(shared);
    const others = new Set<string>();
    narrow(data, this.rules, { groups, userId, others }, granted);
    return others;
  }

  private shownTo(shared: string): Shown {
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
  // A field that names a user may be hidden itself: it goes after it was read.
  for (const key of hidden) Reflect.deleteProperty(value, key);
}

/** @param all the rules that count for a field of this object: each must let it pass */
function isShown(value: object, all: readonly FieldRule[], viewer: Viewer, granted: GrantedFields): boolean {
  if (all.every((rule) => isFor(rule, viewer.groups, granted))) return true;
  const hiding = all.filter((rule) => !isFor(rule, viewer.groups, granted));
  const [first = [], ...rest] = hiding.map(({ users }) => users.map((keys) => userNamedBy(value, keys)));
  const named = first.filter((id) => id !== null && rest.every((ids) => ids.includes(id)));
  if (named.includes(viewer.userId)) return true;
  for (const id of named) viewer.others.add(id!);
  return false;
}

function narrowNested(inner: unknown, nested: NestedRules, viewer: Viewer, granted: GrantedFields): void {
  const value: unknown = nested.isMap && isObject(inner) ? Object.values(inner) : inner;
  if (nested.subTypes === null) return narrow(value, nested.base, viewer, granted);
  for (const entry of [value].flat(Infinity)) {
    if (!isObject(entry)) continue;
    const known = nested.subTypes.byName.get(Reflect.get(entry, nested.subTypes.property));
    // One that does not say what it is is held to the rules of all that it may be.
    for (const rules of known === undefined ? [nested.base, ...subTypesOf(nested)] : [known]) {
      narrow(entry, rules, viewer, granted);
    }
  }
}

function isFor(rule: FieldRule, own: ReadonlySet<string>, granted: GrantedFields): boolean {
  return isForGroup(rule, own) || granted.get(rule)?.granted === true;
}

function isForGroup({ groups }: FieldRule, own: ReadonlySet<string>): boolean {
  return groups === null || groups.some((group) => own.has(group));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
