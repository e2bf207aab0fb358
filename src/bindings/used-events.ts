import type { RealtimeClient, Stop } from '../client/index.js';
import type { JoinOptions } from './join-channel.js';
import { LiveEvents } from './live-events.js';
import { UsedChannels, type ChannelOptions } from './used-channels.js';

/** Options of a component that shows the recent events of channels. */
export interface EventsOptions extends ChannelOptions {
  /** Number of recent events to keep. @default 100 */
  readonly limit?: number | undefined;
}

const NONE: readonly never[] = [];

/** The channels that a component uses, and their recent events. */
export class UsedEvents<Event extends { readonly channel: string }> {
  private readonly live = new LiveEvents<Event>(0);
  private readonly channels: UsedChannels<Event>;
  private client: RealtimeClient | null = null;
  private stopWatching: Stop = () => undefined;

  /**
   * @param options the current options of the component
   * @param changed called when there is another list, at most once per frame
   */
  constructor(options: () => EventsOptions, changed: () => void) {
    this.live.subscribe(changed);
    this.channels = new UsedChannels((client) => {
      const { onReset, ...others } = options();
      const restart: JoinOptions['onReset'] = (reset) => {
        // The last events follow: without the older ones the list has no gap and no duplicate.
        if (others.last) this.live.drop(reset.channel);
        return onReset?.(reset);
      };
      return { onEvent: (event) => this.live.add(client, event), options: { ...others, onReset: restart } };
    });
  }

  /** Returns the recent events, oldest first: the same list until the next change. */
  snapshot(): readonly Event[] {
    return this.client === null ? NONE : this.live.snapshot(this.client);
  }

  /** Joins and leaves channels until these are used. Channels that stay keep their events; others lose them. */
  use(client: RealtimeClient, names: readonly string[], { enabled = true, limit = 100 }: EventsOptions): void {
    if (client !== this.client) {
      this.stopWatching();
      this.client = client;
      this.stopWatching = this.live.watch(client);
    }
    this.live.resize(limit);
    // A channel that is joined again does not continue the list, which would hide a gap.
    this.live.keepOnly(enabled ? names : []);
    this.channels.use(client, names, { enabled });
  }

  /** Leaves the channels and drops their events. */
  end(): void {
    this.channels.end();
    this.stopWatching();
    this.client = null;
    this.live.keepOnly([]);
  }
}
