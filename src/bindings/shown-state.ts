import { presenceState, type PresenceState, type RealtimeClient, type Stop } from '../client/index.js';
import { useableChannel } from './find-channel.js';

/** The state that a component shows to the members of a channel. */
export class ShownState<State> {
  private shown: PresenceState<State> | null = null;
  private early: State | null = null;

  /** Shows a state. A state that is set before the component has joined is shown then. */
  readonly set = (state: State | null): void => {
    if (this.shown === null) this.early = state;
    else this.shown.set(state);
  };

  /** Subscribes to the channel. @returns a function that removes the state and the subscriber */
  join(client: RealtimeClient, name: string): Stop {
    const channel = useableChannel(client, name);
    if (channel === null) return () => undefined;
    const leave = channel.subscribe();
    const shown = (this.shown = presenceState<State>(client, name));
    if (this.early !== null) shown.set(this.early);
    this.early = null;
    return () => {
      if (this.shown === shown) this.shown = null;
      shown.stop();
      leave();
    };
  }
}
