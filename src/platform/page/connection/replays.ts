import type { Debug, RealtimeEvent } from '../../../client/index.js';

interface Frame {
  readonly type?: string;
  readonly channel?: string;
  readonly recovered?: boolean;
  readonly timestamp?: string;
}

/**
 * Distinguishes replayed events from live ones: a replayed event is older than the frame that resumed its channel. Both
 * times are by the clock of the server.
 */
export class Replays {
  private readonly resumedAt = new Map<string, string>();

  /** The option `debug` of the client, which receives every frame. */
  readonly debug: Debug = (what, details) => {
    const { type, channel, recovered, timestamp } = details as Frame;
    if (what !== 'received' || type !== 'subscribed' || channel === undefined || timestamp === undefined) return;
    if (recovered === true) this.resumedAt.set(channel, timestamp);
    else this.resumedAt.delete(channel);
  };

  /** @param event an event that arrives now */
  has({ channel, timestamp }: Pick<RealtimeEvent, 'channel' | 'timestamp'>): boolean {
    const at = this.resumedAt.get(channel);
    return at !== undefined && timestamp < at;
  }
}
