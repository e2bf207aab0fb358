import type { Position } from '../../protocol/index.js';

/** The state of a channel at a position, as it was loaded. */
export interface StoredState {
  /** Position of the channel that was read before the load began. */
  readonly position: Position;
  /** The state as JSON, with all fields. */
  readonly json: string;
  /** Time of the load, in milliseconds since 1970. */
  readonly loadedAt: number;
}

/** The right to load a state. */
export interface LoadRight {
  /** The process and the attempt that loads: printable ASCII without spaces, at most 100 characters. */
  readonly holder: string;
  /** Number of the right: a later one of the same channel is larger, as far as the clock of the store allows. */
  readonly token: number;
}

/**
 * Answer to a claim. `granted`: the caller loads. `held`: another holder loads. `failed`: a load failed with this code, and the
 * next one can begin after `retryMs`.
 */
export type LoadClaim =
  | { readonly state: 'granted'; readonly right: LoadRight }
  | { readonly state: 'held' }
  | { readonly state: 'failed'; readonly code: string; readonly retryMs: number };

/**
 * Port that keeps the loaded states of live resources, and lets one instance load for all. Each method is atomic. A store can lose
 * any state at any time: it is loaded again. Readers apply the events after `position`, so an older state is as right as a newer
 * one. Topics can contain any character.
 */
export abstract class StateStore {
  /**
   * Returns the stored state; `null` if there is none, or if it has expired.
   * @throws RealtimeUnavailableError
   */
  abstract read(topic: string): Promise<StoredState | null>;

  /**
   * Asks for the right to load a state. It ends with {@link write} or {@link fail}, or after `leaseMs`. It can be repeated with the
   * same holder.
   * @throws RealtimeUnavailableError
   */
  abstract claim(topic: string, holder: string, leaseMs: number): Promise<LoadClaim>;

  /**
   * Stores a loaded state for `ttlMs`, and ends the right to load if it is still held. A newer state is kept: within one epoch one
   * with a higher offset, otherwise the one whose right has a higher token.
   * @returns false if a newer state is stored
   * @throws RealtimeUnavailableError
   */
  abstract write(topic: string, state: StoredState, right: LoadRight, ttlMs: number): Promise<boolean>;

  /**
   * Ends the right to load if it is still held. Until `retryMs` have passed, all claims are answered by `failed`.
   * @param code at most 40 of a-z and _
   * @throws RealtimeUnavailableError
   */
  abstract fail(topic: string, right: LoadRight, code: string, retryMs: number): Promise<void>;
}

/** Returns true if a state is not older than another one. */
export function isAtLeastAsNew(
  one: { readonly position: Position; readonly token: number },
  other: { readonly position: Position; readonly token: number },
): boolean {
  const [a, b] = [one.position, other.position];
  return a.epoch === b.epoch && a.offset !== b.offset ? a.offset > b.offset : one.token >= other.token;
}
