import { randomUUID } from 'node:crypto';
import { withTimeout } from '../timing/with-timeout.js';
import { composeUnit, unitFor } from './compose-entries.js';
import { currentCause } from './current-cause.js';
import type { EmittedEvent } from './emitted-event.js';
import type { EmitReports } from './emit-reports.js';
import { readOptions, type EmitOptions } from './emit-options.js';
import type { ComposedEvent, EventComposer } from './event-composer.js';
import type { EventSender } from './event-sender.js';
import { afterCommit } from './transaction-scope.js';
import { UntilPublished } from './until-published.js';

/** Time for which a shutdown waits for events of committed transactions, in milliseconds. */
const SHUTDOWN_MS = 5_000;

/** Options of `afterCommit`. */
export type CommitOptions = Pick<EmitOptions, 'idempotencyKey' | 'tenant' | 'except'>;

/** Events that are published after the transaction that caused them has committed. */
export class CommittedEvents {
  private readonly committed = new UntilPublished();

  constructor(
    private readonly composer: EventComposer,
    private readonly reports: EmitReports,
    private readonly sender: EventSender,
  ) {}

  /** Validates the event at once. @throws InvalidEventError */
  add(channel: string | readonly string[], data: unknown, given: CommitOptions): void {
    let options: EmitOptions = given;
    try {
      options = optionsOf(given);
    } catch (error) {
      this.refuse(Array.isArray(channel) ? '' : (channel as string), data, options, error);
    }
    const unit = composeUnit(this.composer, unitFor(this.composer, channel, data, options));
    if (unit.refused !== undefined) return this.refuse(unit.refused.channel, data, options, unit.error);
    for (const event of unit.composed) afterCommit(() => this.publish(event, data));
  }

  /** Resolves when all committed events are published, or after a time limit. */
  async settled(): Promise<void> {
    await withTimeout(this.committed.settled(), SHUTDOWN_MS, () => undefined);
  }

  close(): void {
    this.committed.close();
  }

  private publish(event: ComposedEvent, data: unknown): void {
    const { channel, topic, json, options } = event;
    let resolve: (sent: EmittedEvent) => void = () => undefined;
    const result = new Promise<EmittedEvent>((callback) => (resolve = callback));
    // Not by the sender: a queue sends the events of several calls.
    currentCause()?.emits(event, result);
    this.committed.add(topic, json.length, () => this.sender.publish(event).then(resolve));
    this.reports.notify({ channel, data, options, result });
  }

  private refuse(channel: string, data: unknown, options: EmitOptions, error: unknown): never {
    const result = Promise.reject<EmittedEvent>(error);
    result.catch(() => undefined); // it is also thrown
    this.reports.notify({ channel, data, options, result });
    throw error;
  }
}

/** The key lets a retry publish the event once. */
function optionsOf(given: CommitOptions): EmitOptions {
  const { idempotencyKey = randomUUID(), tenant, except } = readOptions(given);
  return {
    idempotencyKey,
    ...(tenant === undefined ? {} : { tenant }),
    ...(except === undefined ? {} : { except }),
  };
}
