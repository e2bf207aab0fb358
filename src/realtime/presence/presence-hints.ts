import { Injectable } from '@nestjs/common';
import { ClusterBus, type MessageKind } from '../cluster/cluster-bus.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { HINT_CHANNELS, hintSchema, type Hint } from './hint.js';

const HINTS: MessageKind<Hint> = { topic: '$presence', message: hintSchema };

/**
 * Notifies other instances that the stored members of a channel changed, so that they read them soon. A hint can be
 * lost: instances also read every few seconds.
 */
@Injectable()
export class PresenceHints {
  private readonly changed = new Set<string>();

  constructor(private readonly bus: ClusterBus) {}

  /** Calls back for each topic whose members another instance changed. Call it once. */
  listen(onChange: (topic: string) => void): void {
    if (this.bus.isAlone) return;
    const listener = ({ channels }: Hint, from: string): void => {
      if (from !== this.bus.instanceId) for (const channel of channels) onChange(channel);
    };
    runSafely('Listening for hints of presence', () => this.bus.listen(HINTS, listener));
  }

  /** Notifies other instances; the hints of one turn of the event loop leave together. */
  send(topic: string): void {
    if (this.bus.isAlone) return;
    if (this.changed.size === 0) setImmediate(this.publish);
    this.changed.add(topic);
  }

  private readonly publish = safely('Hints of presence', () => {
    const topics = [...this.changed];
    this.changed.clear();
    for (let at = 0; at < topics.length; at += HINT_CHANNELS) {
      this.bus.broadcast(HINTS, { channels: topics.slice(at, at + HINT_CHANNELS) }).catch(() => undefined);
    }
  });
}
