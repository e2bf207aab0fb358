import type { RealtimeClient } from '../client/index.js';
import { joinChannel, type Joining, type JoinOptions } from './join-channel.js';
import { NamedEffects } from './named-effects.js';

/** Options of a component that uses channels, and can pause. */
export interface ChannelOptions extends JoinOptions {
  /** Subscribes if true. @default true */
  readonly enabled?: boolean | undefined;
}

/** The channels that a component uses. */
export class UsedChannels<Event> {
  private client: RealtimeClient | null = null;
  private readonly effects: NamedEffects;

  /** @param joining called for each event and reset */
  constructor(joining: (client: RealtimeClient) => Joining<Event>) {
    this.effects = new NamedEffects((name) => {
      const client = this.client!;
      return joinChannel<Event>(client, name, () => joining(client));
    });
  }

  /** Joins and leaves channels until these are used. Does nothing if client and names are the same as before. */
  use(client: RealtimeClient, names: readonly string[], { enabled = true }: ChannelOptions): void {
    if (client !== this.client) this.end();
    this.client = client;
    this.effects.run(enabled ? names : []);
  }

  end(): void {
    this.effects.run([]);
  }
}
