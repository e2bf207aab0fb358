import { parsePosition } from '../../../src/protocol/position.js';
import { digestOf } from './digest.js';
import type { HeldRecord, Numbers } from './live-log.js';

type Json = Record<string, unknown>;

/** The fields of `state` and `event` frames. */
export interface StateFrame {
  readonly type: string;
  readonly id?: string;
  readonly data?: unknown;
  readonly part?: number;
  readonly parts?: number;
  readonly text?: string;
}

type Held = Omit<HeldRecord, 'at' | 'client' | 'channel'>;

/** The state of one channel as a client holds it, without code of the product. */
export class HeldState {
  id: string | null = null;
  digest: string | null = null;
  /** True from `subscribed` until the state that it announced. */
  private isAwaited = false;
  private data: unknown = null;
  private parts: string[] = [];

  /** A client joins. @param isWhole true if the state follows */
  join(isWhole: boolean): void {
    this.isAwaited = isWhole;
    this.parts = [];
  }

  forget(): void {
    this.id = this.digest = this.data = null;
  }

  /** Takes a state or a part of it. @returns `null` for a part, a string for a problem */
  takeState({ id, data, part, parts, text }: StateFrame): Held | string | null {
    if (id === undefined || parsePosition(id) === null) return `a state at ${id}`;
    if (part === undefined) {
      if (this.parts.length > 0) return 'a state between two parts';
      return this.hold('state', id, data);
    }
    if (part === 1) this.parts = [];
    if (this.parts.push(text ?? '') !== part) return `part ${part} after ${this.parts.length - 1} parts`;
    if (part !== parts) return null;
    const json = this.parts.join('');
    this.parts = [];
    return this.hold('state', id, JSON.parse(json));
  }

  /** Takes an event. @returns a string for a problem */
  takePatch({ id, data }: StateFrame): Held | string {
    if (this.isAwaited || this.id === null) return `the patch ${id} came before the state`;
    if (this.parts.length > 0) return 'an event between two parts';
    const [before, now] = [parsePosition(this.id)!, parsePosition(id ?? '')];
    if (now === null || now.offset !== before.offset + 1) return `the patch ${id} came after ${this.id}`;
    const { set = {}, remove = [], reload, ...rest } = data as { set?: Json; remove?: string[] } & Json;
    if (reload !== undefined) return 'a reload';
    let next = this.data;
    for (const path of remove) next = changed(next, namesOf(path), undefined);
    for (const [path, value] of Object.entries(set)) next = changed(next, namesOf(path), value);
    const patched = 'by' in rest ? undefined : numbersIn(namedValues(set));
    return { ...this.hold('patch', id!, next), ...(patched !== undefined && { patched }) };
  }

  private hold(kind: HeldRecord['kind'], id: string, data: unknown): Held {
    this.isAwaited = false;
    this.id = id;
    this.data = data;
    this.digest = digestOf(data);
    return { kind, id, digest: this.digest, numbers: numbersIn(data) };
  }
}

function numbersIn(state: unknown): Numbers {
  return (state as { readonly numbers?: Numbers } | null)?.numbers ?? {};
}

/** Returns what a patch sets, without what was there before. */
function namedValues(set: Json): unknown {
  let state: unknown = {};
  for (const [path, value] of Object.entries(set)) state = changed(state, namesOf(path), value);
  return state;
}

function namesOf(path: string): string[] {
  const names = path.split('/').slice(1);
  return names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Returns a value in which the value at a path is replaced, or removed if `value` is undefined. */
function changed(data: unknown, [name, ...inner]: string[], value: unknown): unknown {
  if (name === undefined) return value;
  const parent = typeof data === 'object' && data !== null && !Array.isArray(data) ? { ...(data as Json) } : {};
  if (inner.length > 0) {
    if (value === undefined && parent[name] === undefined) return data;
    parent[name] = changed(parent[name], inner, value);
  } else if (value === undefined) Reflect.deleteProperty(parent, name);
  else parent[name] = value;
  return parent;
}
