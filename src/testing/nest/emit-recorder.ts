import type { EmitAttempt, EmitOptions, EmittedEvent } from '../../realtime/index.js';
import { describeMatcher, matches } from './matcher.js';
import { Signal } from './signal.js';

/** One event that the application wanted to publish, and what became of it. */
export interface RecordedEmit<D = unknown> {
  readonly channel: string;
  /** As JSON holds it: what subscribers get. Where it cannot be JSON, as it was given. */
  readonly data: D;
  readonly options: EmitOptions;
  /** `pending`: not known yet, as while the broker is down. `dropped`: it does not fit its class, and `invalidEvents` is `drop`. */
  readonly outcome: 'pending' | 'published' | 'dropped' | 'rejected';
  /** Once it is published. */
  readonly event?: EmittedEvent;
  /** Where it is rejected. */
  readonly error?: Error;
}

/** Emits in the story of a failure, and characters of each. */
const TOLD = 20;
const TOLD_OF_ONE = 300;

/** Every `emit` of the application, in order. */
export class EmitRecorder {
  private entries: { record: RecordedEmit }[] = [];
  private readonly signal = new Signal();

  record({ channel, data, options, result }: EmitAttempt): void {
    const entry: { record: RecordedEmit } = { record: { channel, data: copyOf(data), options, outcome: 'pending' } };
    this.entries.push(entry);
    const settle = (more: Pick<RecordedEmit, 'outcome' | 'event' | 'error'>): void => {
      entry.record = { ...entry.record, ...more }; // what a test holds does not change under it
      this.signal.wake();
    };
    result.then(
      (event) => settle({ outcome: event.dropped === true ? 'dropped' : 'published', event }),
      (error: Error) => settle({ outcome: 'rejected', error }),
    );
    this.signal.wake();
  }

  find(channel: string | undefined, matcher: unknown): RecordedEmit[] {
    const records = this.entries.map(({ record }) => record);
    return records.filter((record) => (channel ?? record.channel) === record.channel && matches(record, matcher));
  }

  /** @throws with what was emitted instead */
  async expect(channel: string, matcher: unknown, patienceMs: number): Promise<RecordedEmit> {
    await this.signal.until(() => this.find(channel, matcher).length > 0, patienceMs);
    const [found] = this.find(channel, matcher);
    if (found !== undefined) return found;
    throw new Error(`Expected an emit to ${channel}${describeMatcher(matcher)}. ${this.transcript()}`);
  }

  clear(): void {
    this.entries = [];
  }

  /** What was emitted to a channel, to all of them unless given, for the story of a failure. */
  transcript(channel?: string): string {
    const found = this.find(channel, undefined);
    const where = channel === undefined ? '' : ` to ${channel}`;
    if (found.length === 0) return `The application has emitted nothing${where}.`;
    return `The application has emitted${where}:${found.slice(-TOLD).map(lineOf).join('')}`;
  }
}

function lineOf({ channel, data, outcome, error }: RecordedEmit): string {
  const why = error === undefined ? '' : ` (${error.message})`;
  return `\n  ${outcome}${why}: ${channel} ${textOf(data).slice(0, TOLD_OF_ONE)}`;
}

function copyOf(data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data)) as unknown;
  } catch {
    return data; // it is going to be rejected
  }
}

function textOf(data: unknown): string {
  try {
    return JSON.stringify(data) ?? String(data);
  } catch {
    return Object.prototype.toString.call(data);
  }
}
