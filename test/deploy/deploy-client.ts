import { WebSocket } from 'ws';
import { createRealtimeClient, type RealtimeClient } from '../../src/client/index.js';
import { signToken } from '../support/jwt.js';

/** Channel that every client subscribes to. */
export const CHANNEL = 'announcements';

/** A client that records its downtimes: from the end of a connection until its channel is subscribed again. */
export class DeployClient {
  /** Each downtime: its end (milliseconds since 1970) and its length, in milliseconds. */
  readonly downtimes: { readonly at: number; readonly ms: number }[] = [];
  /** Numbers of the received events, in order. */
  readonly received: number[] = [];
  /** Longest time from `emit` to the receipt of an event, in milliseconds. */
  latestMs = 0;
  /** Number of resyncs, after which an application reloads. */
  resets = 0;
  private readonly client: RealtimeClient;
  private offlineSince: number | null = null;

  /** @param onState called at the start and end of a downtime  @param onEvent called with each event */
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
    const now = performance.timeOrigin + performance.now();
    if (wasReady && !isReady) this.offlineSince = now;
    if (isReady && this.offlineSince !== null) {
      this.downtimes.push({ at: now, ms: now - this.offlineSince });
      this.offlineSince = null;
    }
    this.onState();
  }
}
