/** A frame of the server. */
export interface StateFrame {
  readonly type: string;
  readonly id?: string;
  readonly data?: unknown;
  readonly part?: number;
  readonly parts?: number;
  readonly text?: string;
  readonly state?: boolean;
}
type Json = Record<string, unknown>;

/** The state of a client, and its position. */
export interface Held {
  readonly id: string;
  readonly data: unknown;
}

/** The state that a client holds, as the protocol says, without code of the product. */
export class HeldState {
  held: Held | null = null;
  /** Number of states and patches that it received, and of resumes without a state. */
  readonly counts = { states: 0, patches: 0, resumes: 0 };
  private parts: string[] = [];

  /** Continues on another connection. */
  reconnected(): void {
    this.parts = [];
  }

  /** @throws Error if the frame is against the protocol */
  takeFrame(frame: StateFrame): void {
    if (frame.type === 'subscribed') this.takeAnswer(frame);
    else if (frame.type === 'state') this.takeState(frame);
    else if (frame.type === 'event') this.takeEvent(frame);
    else if (frame.type === 'resync') throw new Error('A subscription with a state received resync');
  }

  private takeAnswer({ state = false }: StateFrame): void {
    // The state follows, and no patch comes before it.
    if (state) this.held = null;
    else this.counts.resumes += 1;
  }

  private takeState({ id, data, part, parts, text }: StateFrame): void {
    if (part === undefined || part === parts) this.counts.states += 1;
    if (part === undefined) this.held = { id: id!, data };
    else {
      if (part === 1) this.parts = [];
      if (this.parts.push(text!) !== part) throw new Error('A part is missing');
      if (part !== parts) return;
      this.held = { id: id!, data: JSON.parse(this.parts.join('')) as unknown };
      this.parts = [];
    }
  }

  private takeEvent({ id, data }: StateFrame): void {
    if (this.held === null) throw new Error('A patch came before the state');
    if (this.parts.length > 0) throw new Error('A patch came between the parts of a state');
    this.counts.patches += 1;
    const [epoch, offset] = this.held.id.split('-');
    if (id !== `${epoch}-${Number(offset) + 1}`) throw new Error(`The patch ${id} came after ${this.held.id}`);
    const { set = {}, remove = [], reload } = data as { set?: Json; remove?: string[]; reload?: boolean };
    if (reload !== undefined) throw new Error('A subscription with a state received a reload');
    let next = this.held.data;
    for (const path of remove) next = changed(next, path.split('/').slice(1), undefined);
    for (const [path, value] of Object.entries(set)) next = changed(next, path.split('/').slice(1), value);
    this.held = { id, data: next };
  }
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
