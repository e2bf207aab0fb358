import type { RealtimeClient, Stop } from '../client/index.js';
import { generationOf, watchGenerations } from './generation.js';
import { RecentEvents } from './recent-events.js';

const NONE: readonly never[] = [];

/**
 * The recent events of channels for a component, oldest first. Notifies its listeners at most once per frame, at any
 * event rate. Shows no event of a former user or of another client.
 */
export class LiveEvents<Event extends { readonly channel: string }> {
  private readonly recent: RecentEvents<Event>;
  private owner: { readonly client: object; readonly generation: number } | null = null;

  /** @param limit number of events to keep */
  constructor(limit: number) {
    this.recent = new RecentEvents(limit);
  }

  readonly subscribe = (changed: () => void): Stop => this.recent.subscribe(changed);

  /** Returns the same list until the next notification. */
  snapshot(client: RealtimeClient): readonly Event[] {
    return this.isOwnedBy(client) ? this.recent.snapshot() : NONE;
  }

  resize(limit: number): void {
    this.recent.resize(limit);
  }

  /** Drops events when the client continues as another user. */
  watch(client: RealtimeClient): Stop {
    watchGenerations(client);
    return client.on('identity', () => {
      if (!this.isOwnedBy(client)) this.recent.keep(() => false);
    });
  }

  add(client: RealtimeClient, event: Event): void {
    if (!this.isOwnedBy(client)) this.recent.keep(() => false);
    this.owner = { client, generation: generationOf(client) };
    this.recent.add(event);
  }

  /** Drops the events of other channels. */
  keepOnly(channels: readonly string[]): void {
    const names = new Set(channels);
    this.recent.keep(({ channel }) => names.has(channel));
  }

  /** Drops the events of a channel whose last events follow again. */
  drop(channel: string): void {
    this.recent.keep((event) => event.channel !== channel);
  }

  private isOwnedBy(client: RealtimeClient): boolean {
    return this.owner?.client === client && this.owner.generation === generationOf(client);
  }
}
