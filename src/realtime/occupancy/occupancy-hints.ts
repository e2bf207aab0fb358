import { Injectable } from '@nestjs/common';
import { ClusterBus, type MessageKind } from '../cluster/cluster-bus.js';
import { runSafely } from '../observability/run-safely.js';
import { list, record, string } from '../schemas/schema.js';

/** Maximum number of keys in one hint. */
const KEYS = 500;

interface Hint {
  readonly keys: readonly string[];
}

const HINTS: MessageKind<Hint> = {
  topic: '$occupancy',
  message: record<Hint>({ keys: list(string({ min: 1, max: 1_024 }), KEYS) }),
};

/**
 * Notifies other instances that stored counts or claims changed, so that they read them soon. A hint can be lost:
 * instances also look every few seconds.
 */
@Injectable()
export class OccupancyHints {
  constructor(private readonly bus: ClusterBus) {}

  /** Calls back for each key that another instance changed. Call it once. */
  listen(onChange: (key: string) => void): void {
    if (this.bus.isAlone) return;
    const listener = ({ keys }: Hint, from: string): void => {
      if (from !== this.bus.instanceId) for (const key of keys) onChange(key);
    };
    runSafely('Listening for hints of occupancy', () => this.bus.listen(HINTS, listener));
  }

  send(keys: readonly string[]): void {
    if (this.bus.isAlone) return;
    for (let at = 0; at < keys.length; at += KEYS) {
      this.bus.broadcast(HINTS, { keys: keys.slice(at, at + KEYS) }).catch(() => undefined);
    }
  }
}
