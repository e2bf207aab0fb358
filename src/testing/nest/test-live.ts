import {
  applyPatch,
  isStateReload,
  type ServerFrame,
  type StateErrorCode,
  type StatePatch,
} from '../../protocol/index.js';
import { describeMatcher, matches, type Shape } from './matcher.js';
import { expectIn, shownOf, type TestReader } from './test-reader.js';

/** Condition for a state: a part of it, or a predicate. */
export type StateMatcher<T> = Shape<T> | ((state: T) => boolean);

/** A live resource, as one client of a test holds it: it applies the patches that arrive. */
export class TestLive<T = unknown> {
  private state: { readonly id: string; readonly data: T } | null = null;
  /** Reason why the server sends no state at present. */
  private problem: string | null = null;
  private texts: string[] = [];

  /** Use `TestClient.live`. @internal */
  constructor(
    readonly channel: string,
    private readonly reader: TestReader,
  ) {}

  /** The state; `undefined` until it has arrived. */
  get data(): T | undefined {
    return this.state?.data;
  }

  /** Id of the last event that the state contains. */
  get position(): string | undefined {
    return this.state?.id;
  }

  /**
   * Resolves with the state once it matches: now, or after later patches.
   * @param matcher the fields that matter, at any depth, or a function; any state without it
   * @throws with the state that the client holds
   */
  async expectState(matcher?: StateMatcher<T>): Promise<T> {
    const { reader } = this;
    const matching = (): { readonly data: T } | undefined =>
      this.problem === null && this.state !== null && isMatch(this.state.data, matcher) ? this.state : undefined;
    const wanted = `a state of ${this.channel}${describeMatcher(matcher)}`;
    return (await expectIn(reader, matching, () => `Expected ${wanted}; ${this.shown()}`)).data;
  }

  /**
   * Resolves once the server reports that it cannot send the state: `unavailable` while the load fails, or `too_large`.
   * @throws with the state that the client holds
   */
  async expectStateError(code: StateErrorCode = 'unavailable'): Promise<void> {
    const wanted = `that the state of ${this.channel} is ${code}`;
    const reported = (): true | undefined => (this.problem === code ? true : undefined);
    await expectIn(this.reader, reported, () => `Expected ${wanted}; ${this.shown()}`);
  }

  /** Takes a frame of the server. @returns false if it belongs to another subscription @internal */
  take(frame: ServerFrame): boolean {
    if (!('channel' in frame) || frame.channel !== this.channel) return false;
    if (frame.type === 'unsubscribed') this.problem = frame.reason ?? 'unsubscribed';
    if (frame.type === 'state_error') this.problem = frame.code;
    else if (frame.type === 'state') {
      if (!('part' in frame)) this.begin(frame.id, frame.data);
      else {
        if (frame.part === 1) this.texts = [];
        this.texts.push(frame.text);
        if (frame.part === frame.parts) this.begin(frame.id, JSON.parse(this.texts.join('')));
      }
    } else if (frame.type === 'event') this.patch(frame.id, frame.data);
    else return false;
    return true;
  }

  private begin(id: string, data: unknown): void {
    this.state = { id, data: data as T };
    this.problem = null;
  }

  private patch(id: string | null | undefined, data: unknown): void {
    // After a reload a state follows.
    if (this.state === null || typeof id !== 'string' || isStateReload(data)) return;
    try {
      this.state = { id, data: applyPatch(this.state.data, data as StatePatch) as T };
    } catch (error) {
      this.problem = `a malformed patch, ${shownOf(data)}: ${(error as Error).message}`;
    }
  }

  private shown(): string {
    const state = this.state === null ? 'none has arrived' : `it is ${shownOf(this.state.data)}`;
    return this.problem === null ? state : `the server reports ${this.problem}, and ${state}`;
  }
}

function isMatch<T>(data: T, matcher: StateMatcher<T> | undefined): boolean {
  return typeof matcher === 'function' ? (matcher as (state: T) => boolean)(data) : matches({ data }, matcher);
}
