import type { RealtimeStates } from '../../protocol/states.js';
import type { RealtimeError } from '../errors.js';
import type { Stop } from '../types.js';

/**
 * - `loading`: the state has not arrived yet
 * - `live`: the state is current, and follows the server
 * - `stale`: the last known state, while the connection is lost or the server cannot load the state
 * - `refused`: the user is not allowed to use the channel, or it is not a live resource
 */
export type LiveStatus = 'loading' | 'live' | 'stale' | 'refused';

/** A live resource at one moment. The object is immutable: a view can keep it. */
export interface LiveSnapshot<T = unknown> {
  /** The state. Parts that did not change are the same objects as before. `undefined` while `loading` and `refused`. */
  readonly data: T | undefined;
  readonly status: LiveStatus;
  /** Reason of `refused`, or why the server cannot send the state now: `unavailable` or `too_large`. */
  readonly error?: RealtimeError | undefined;
  /** Id of the last event that changed the data. */
  readonly position?: string | undefined;
}

/** One use of a live resource. Uses of the same channel share its subscription. */
export interface LiveResource<T = unknown> {
  /** Returns the current state: the same object until the next change. */
  getSnapshot(): LiveSnapshot<T>;
  /** Calls a listener after each change. @returns a function that removes it */
  subscribe(listener: () => void): Stop;
  /** Ends this use. The client unsubscribes after the last one. Calling it again has no effect. */
  close(): void;
}

/** Type in the compiler's error for a channel that is not in the state map. */
export interface UnknownState<C extends string> {
  readonly 'this channel is not in the state map': C;
}

/** A literal must be a channel of the state map. A `string` that is known only at run time is accepted. */
export type KnownState<S, C extends string> = string extends C ? C : C extends keyof S ? C : UnknownState<C>;

/** Type of the state of a channel, by its name. */
export type StateOf<S, C extends string> = C extends keyof S ? S[C] : unknown;

/** The state of a live resource, for a channel of `RealtimeStates`. */
export type LiveData<C extends string> = StateOf<RealtimeStates, C>;
