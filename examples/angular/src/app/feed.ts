import { Component, input } from '@angular/core';
import { injectChannelState, injectEvents, type EventOn } from 'nestjs-realtime-client/angular';

export type FeedChannel = 'apps:created' | 'apps:updated' | 'apps:deleted';

/** The last events of a channel, which can change. */
@Component({
  selector: 'app-feed',
  template: `
    @if (state().state !== 'subscribed') {
      <p role="status">{{ state().state }}: {{ state().reason }}</p>
    }
    <ol>
      @for (event of events(); track event.id) {
        <li>{{ event.channel }} {{ nameOf(event) }}</li>
      }
    </ol>
  `,
})
export class Feed {
  readonly channel = input.required<FeedChannel>();
  protected readonly state = injectChannelState(this.channel);
  protected readonly events = injectEvents(this.channel, { last: 10, limit: 100 });

  protected nameOf({ data }: EventOn<FeedChannel>): string {
    return 'name' in data ? String(data.name) : data.id;
  }
}
