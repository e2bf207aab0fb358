import { Injectable } from '@nestjs/common';
import { Counters } from '../observability/counters.js';
import { ConnectionRegistry } from './connection-registry.js';
import type { EventFrame } from './event-frame.js';

/** Gives one event's bytes to every subscriber of its channel on this instance. */
@Injectable()
export class FanOut {
  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
  ) {}

  deliver(channel: string, frame: EventFrame): void {
    for (const { feed, connection } of this.registry.subscribersOf(channel)) {
      if (feed !== null) feed.push(frame);
      else if (connection.outbox.send(frame.bytes)) this.counters.delivered += 1;
    }
  }
}
