import { Injectable } from '@nestjs/common';
import { eventBody } from '../../protocol/index.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker } from '../broker/broker.js';
import { InstanceDirectory } from '../instances/instance-directory.js';
import { safely } from '../observability/run-safely.js';
import { encode } from '../schemas/schema.js';
import { HINT_CHANNELS, hintSchema } from './hint.js';

/** The topic between instances; clients cannot name it. */
const TOPIC = '$presence';
/** Time limit for a hint, in milliseconds. */
const TIMEOUT_MS = 1_000;

/**
 * Notifies other instances that the stored members of a channel changed, so that they read them soon. A hint can be
 * lost: instances also read every few seconds.
 */
@Injectable()
export class PresenceHints {
  private readonly changed = new Set<string>();

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly directory: InstanceDirectory,
  ) {}

  /** Calls back for each topic whose members another instance changed. Call it once. */
  listen(onChange: (topic: string) => void): void {
    if (this.directory.isAlone) return;
    this.bridge.follow(TOPIC, null, {
      event: (data) => {
        const { from, channels } = hintSchema.read(data, 'it');
        if (from !== this.directory.id) for (const channel of channels) onChange(channel);
      },
      reset: () => undefined, // a missed hint does no harm
    });
  }

  /** Notifies other instances; the hints of one turn of the event loop leave together. */
  send(topic: string): void {
    if (this.directory.isAlone) return;
    if (this.changed.size === 0) setImmediate(this.publish);
    this.changed.add(topic);
  }

  private readonly publish = safely('Hints of presence', () => {
    const topics = [...this.changed];
    this.changed.clear();
    for (let at = 0; at < topics.length; at += HINT_CHANNELS) {
      const hint = { from: this.directory.id, channels: topics.slice(at, at + HINT_CHANNELS) };
      const body = eventBody(TOPIC, encode(hintSchema, hint), new Date().toISOString());
      this.broker.publish({ topic: TOPIC, body, history: null, timeoutMs: TIMEOUT_MS }).catch(() => undefined);
    }
  });
}
