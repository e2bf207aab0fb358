import {
  formatPosition,
  isStateReload,
  parsePath,
  type Position,
  withData,
  type StatePatch,
} from '../../../protocol/index.js';
import type { EventClass } from '../../options/channel-definition.js';
import { allRules, classRules, ClassRulesError, type NestedRules } from './class-rules.js';
import { FieldGroups, isFor, narrowNested, NO_USERS, type View, type Viewer } from './field-groups.js';
import type { GrantedFields } from './granted-fields.js';

/** Rules that apply to a part of a state. */
interface Scope {
  readonly nested: NestedRules;
  readonly granted: GrantedFields;
}

const NONE: GrantedFields = new Map();

/** Data of an event that holds only if the event comes directly after a position. */
const CONDITION = /^"channel":"[^"]*","data": ?\{"after":"([^"]*)","by":"([\w-]*)",/;
const RELOAD = /^"channel":"[^"]*","data": ?\{"reload":true[,}]/;

/** Restricted fields of a state. The events of its channel are patches, which are cut like the state. */
export class StateFields extends FieldGroups {
  /** @throws ClassRulesError */
  static ofState(type: EventClass): StateFields {
    const rules = classRules(type);
    const fields = new StateFields(rules);
    if (!fields.restricts) return fields;
    // A patch contains a part of an object, and these rules need the other fields of the object.
    if (fields.namesUsers) {
      throw new ClassRulesError('has @ExposeToUser, which a live resource cannot have: use groups, or another channel');
    }
    const nested = [...allRules(rules)].flatMap((one) => [...one.fields.values()].flat().map((rule) => rule.nested));
    if (nested.some((one) => one?.subTypes !== undefined && one?.subTypes !== null)) {
      throw new ClassRulesError(
        'has restricted fields and a discriminator in @Type, which a live resource cannot have: use one class',
      );
    }
    return fields;
  }

  /** Class of the state. */
  get type(): EventClass {
    return this.rules.type;
  }

  /** Returns a copy of a state with only the fields of this view. */
  cut(state: unknown, view: View): unknown {
    if (this.isWhole(view)) return state;
    const copy: unknown = structuredClone(state);
    super.narrow(copy, view);
    return copy;
  }

  /** Deletes from a patch what is hidden from this view. */
  override narrow(data: unknown, view: View): ReadonlySet<string> {
    if (typeof data !== 'object' || data === null || isStateReload(data)) return NO_USERS;
    const patch = data as { -readonly [Name in keyof StatePatch]: StatePatch[Name] } & {
      after?: unknown;
      by?: unknown;
    };
    delete patch.after;
    delete patch.by;
    const { groups, granted } = this.shownTo(view.shared);
    const viewer: Viewer = { groups, userId: null, others: new Set() };
    const scopesOf = (path: string): readonly Scope[] | null => this.scopesOf(path, viewer, granted);
    const set: Record<string, unknown> = {};
    for (const [path, value] of Object.entries(patch.set ?? {})) {
      const scopes = scopesOf(path);
      if (scopes === null) continue;
      for (const scope of scopes) narrowNested(value, scope.nested, viewer, scope.granted);
      set[path] = value;
    }
    const remove = (patch.remove ?? []).filter((path) => scopesOf(path) !== null);
    delete patch.set;
    delete patch.remove;
    if (Object.keys(set).length > 0) patch.set = set;
    if (remove.length > 0) patch.remove = remove;
    return NO_USERS;
  }

  /** A patch that was computed for another position than its own does not hold: clients need the state. */
  override received(body: string, position: Position | null): string {
    const [, after, by] = CONDITION.exec(body) ?? [];
    if (after === undefined) return body;
    const before = position === null ? '' : formatPosition({ ...position, offset: position.offset - 1 });
    return after === before ? body : withData(body, `{"reload":true,"by":"${by}"}`);
  }

  override isReload(body: string): boolean {
    return RELOAD.test(body);
  }

  /** Returns the rules of the value at a path; `null` if it is hidden. */
  private scopesOf(path: string, { groups }: Viewer, granted: GrantedFields): readonly Scope[] | null {
    let scopes: readonly Scope[] = [{ nested: { isMap: false, base: this.rules, subTypes: null }, granted }];
    for (const name of parsePath(path)) {
      const next: Scope[] = [];
      for (const { nested, granted: given } of scopes) {
        if (nested.isMap) {
          next.push({ nested: { ...nested, isMap: false }, granted: given });
          continue;
        }
        const all = nested.base.fields.get(name);
        if (all === undefined ? nested.base.exposedOnly : !all.every((rule) => isFor(rule, groups, given))) return null;
        for (const rule of all ?? []) {
          if (rule.nested !== null) next.push({ nested: rule.nested, granted: given.get(rule)?.inner ?? NONE });
        }
      }
      scopes = next;
    }
    return scopes;
  }
}
