import {
  applyPatch,
  type LiveFrame,
  type StateData,
  type StateErrorCode,
  type StatePatch,
  type Unstamped,
} from '../protocol/index.js';
import { firstBytes, utf8Length } from '../protocol/utf8.js';

/** Maximum size of a part of a state, and of a patch, in bytes of UTF-8. */
const MAX_BYTES = 65_536;

const MESSAGES: { readonly [C in StateErrorCode]: string } = {
  unavailable: 'The state cannot be loaded now: it follows later',
  too_large: 'The state is larger than its limit',
};

/** A connection with a subscription for the state. */
export interface StateSubscriber {
  send(frame: Unstamped): void;
}

/** Functions of the server that its states need. */
export interface FakeStatesEnv {
  publish(channel: string, data: unknown): void;
  /** Position of the last event. */
  position(channel: string): string;
  subscribers(channel: string): readonly StateSubscriber[];
}

interface FakeState {
  /** `undefined` if it was never set. */
  data: unknown;
  /** Reason why loads fail. */
  failure: StateErrorCode | undefined;
}

/** The live resources of a fake server. The channel of each one has a history. */
export class FakeStates {
  // channel → its state
  readonly #states = new Map<string, FakeState>();

  constructor(private readonly env: FakeStatesEnv) {}

  /** Returns true if the channel is a live resource. */
  has(channel: string): boolean {
    return this.#states.has(channel);
  }

  /** Returns the current state. */
  get<const C extends string>(channel: C): StateData<C> | undefined {
    return this.#states.get(channel)?.data as StateData<C> | undefined;
  }

  /**
   * Makes the channel a live resource with this state, or replaces its state. Subscribers receive a patch with the whole state.
   * Ends a failure of {@link fail}.
   */
  set<const C extends string>(channel: C, state: StateData<C>): void {
    const known = this.#states.get(channel);
    const copy = copyOf(state);
    if (known?.data === undefined) this.#states.set(channel, { data: copy, failure: undefined });
    else {
      const { failure } = known;
      known.failure = undefined;
      this.patch(channel, { set: { '': copy } });
      if (!failure) return;
    }
    this.reload(channel);
  }

  /** Returns the id of the last event: the position of the state. */
  position(channel: string): string {
    return this.env.position(channel);
  }

  /**
   * Changes parts of a state. Subscribers receive the patch, also one that changes nothing.
   *
   *     server.states.patch('projects:42:board', { set: { '/cards/7/column': 'done' }, remove: ['/cards/8'] });
   *
   * @throws StatePatchError if the patch is malformed; Error if the channel has no state
   */
  patch(channel: string, patch: StatePatch): void {
    const known = this.#states.get(channel);
    if (known?.data === undefined) throw new Error(`${channel} has no state: call states.set first`);
    const copy = copyOf(patch);
    known.data = applyPatch(known.data, copy);
    // Like the server: subscribers receive the state if the patch does not fit into an event.
    this.env.publish(channel, utf8Length(JSON.stringify(copy)) > MAX_BYTES ? { reload: true } : copy);
  }

  /** Sends the whole state to the subscribers, as after a change that is larger than an event, or after lost events. */
  reload(channel: string): void {
    for (const subscriber of this.env.subscribers(channel)) this.sendTo(subscriber, channel);
  }

  /** Makes loads of the state fail until the next {@link set}: subscribers keep the state that they have. */
  fail(channel: string, code: StateErrorCode = 'unavailable'): void {
    const known = this.#states.get(channel) ?? { data: undefined, failure: code };
    known.failure = code;
    this.#states.set(channel, known);
    this.reload(channel);
  }

  /** Sends the state to a subscriber, or the reason why it cannot be loaded. */
  sendTo(subscriber: StateSubscriber, channel: string): void {
    const { data, failure } = this.#states.get(channel)!;
    if (failure) {
      return subscriber.send({ type: 'state_error', channel, code: failure, message: MESSAGES[failure] });
    }
    for (const frame of stateFrames(channel, this.position(channel), data)) subscriber.send(frame);
  }
}

/** Returns the frames of a state: several if it is large. */
function stateFrames(channel: string, id: string, data: unknown): Unstamped<LiveFrame>[] {
  const json = JSON.stringify(data);
  if (utf8Length(json) <= MAX_BYTES) return [{ type: 'state', channel, id, data }];
  const texts: string[] = [];
  for (let rest = json; rest !== '';) {
    const text = firstBytes(rest, MAX_BYTES);
    texts.push(text);
    rest = rest.slice(text.length);
  }
  return texts.map((text, index) => ({ type: 'state', channel, id, part: index + 1, parts: texts.length, text }));
}

/** Returns the data as the client receives it. @throws TypeError if it is not JSON */
function copyOf<T>(data: T): T {
  const json = JSON.stringify(data) as string | undefined;
  if (json === undefined) throw new TypeError(`The state is not JSON: ${String(data)}`);
  return JSON.parse(json) as T;
}
