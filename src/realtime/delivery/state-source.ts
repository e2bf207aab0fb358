import type { Position, StateErrorCode } from '../../protocol/index.js';
import type { View } from '../channels/fields/field-groups.js';

/** The state of a channel at a position, composed once for all clients with the same view. */
export interface ChannelState {
  readonly position: Position;
  /** Returns its frames. */
  framesFor(view: View): readonly Buffer[];
}

/** Why a state cannot be sent now. */
export interface StateProblem {
  readonly code: StateErrorCode;
  readonly message: string;
}

/** Loads the states of channels. */
export interface StateSource {
  /**
   * Returns the state of a channel at its present position. While it cannot be loaded, repeats.
   * @param onProblem called when the state cannot be loaded, and when the reason changes
   * @returns `null` once `isOver` is true
   */
  current(
    topic: string,
    onProblem: (problem: StateProblem) => void,
    isOver: () => boolean,
  ): Promise<ChannelState | null>;

  /** Called when a client received a whole state. @param bytes size of its frames */
  sent(topic: string, bytes: number): void;
}
