import type { BrokerEvent, BrokerListener } from '../../realtime/index.js';
import { until } from './assertions.js';

/** A listener that stores what a broker delivers. */
export class Collector implements BrokerListener {
  readonly received: { topic: string; event: BrokerEvent }[] = [];

  event(topic: string, event: BrokerEvent): void {
    this.received.push({ topic, event });
  }

  position(): void {}

  bodies(topic: string): string[] {
    return this.of(topic).map(({ body }) => body);
  }

  offsets(topic: string): (number | undefined)[] {
    return this.of(topic).map(({ position }) => position?.offset);
  }

  /** Resolves once this body of a topic was delivered. */
  async until(topic: string, body: string): Promise<void> {
    await until(
      () => this.bodies(topic).includes(body),
      () => `${body} on ${topic}; received: ${JSON.stringify(this.received)}`,
    );
  }

  private of(topic: string): BrokerEvent[] {
    return this.received.filter((entry) => entry.topic === topic).map(({ event }) => event);
  }
}

/** An event without its mark, which is random. */
export function unmarked(event: BrokerEvent): object {
  const { mark: _mark, ...rest } = event;
  return rest;
}
