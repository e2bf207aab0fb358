import { WebSocket } from 'ws';
import { createRealtimeClient, type RealtimeClient } from '../../src/client/index.js';
import { signToken } from '../support/jwt.js';

/** The channel that every client follows. */
export const CHANNEL = 'announcements';

/** A client of the package that notes how long it is dark: from the end of a connection until its channel is back. */
export class DeployClient {
  /** The end of each dark time: when (`performance.now()`), and how long it was, in milliseconds. */
  readonly dark: { readonly at: number; readonly ms: number }[] = [];
  /** The events that it received, in order: the number in each. */
  readonly received: number[] = [];
  /** The longest time from `emit` to an event here, in milliseconds. */
  latestMs = 0;
  /** The number of times that it had to reload. */
  resets = 0;
  private readonly client: RealtimeClient;
  private darkSince: number | null = null;

  /** @param onState is called when it becomes dark, or is back  @param onEvent is called with each event */
  constructor(
    name: string,
    url: string,
    private readonly onState: () => void,
    onEvent: () => void,
  ) {
    this.client = createRealtimeClient({ url, token: signToken({ sub: name }), WebSocket });
    const channel = this.client.channel(CHANNEL);
    channel.on('event', ({ data, timestamp }) => {
      this.received.push(Number(data.message));
      this.latestMs = Math.max(this.latestMs, Date.now() - Date.parse(timestamp));
      onEvent();
    });
    channel.on('reset', () => (this.resets += 1));
    channel.on('state', ({ state, previous }) => this.changed(state === 'subscribed', previous === 'subscribed'));
    channel.subscribe();
  }

  get isReady(): boolean {
    return this.client.channel(CHANNEL).state === 'subscribed';
  }

  close(): void {
    this.client.close();
  }

  private changed(isReady: boolean, wasReady: boolean): void {
    const now = performance.now();
    if (wasReady && !isReady) this.darkSince = now;
    if (isReady && this.darkSince !== null) {
      this.dark.push({ at: now, ms: now - this.darkSince });
      this.darkSince = null;
    }
    this.onState();
  }
}
