import type { EmitAttempt, EmitOptions, EmittedEvent } from '../../realtime/index.js';
import { describeMatcher, matches } from './matcher.js';
import { Signal } from './signal.js';

/** One call of `emit` and its result. */
export interface RecordedEmit<D = unknown> {
  readonly channel: string;
  /** The data after JSON serialization, as subscribers receive it. Data that is not JSON is kept as is. */
  readonly data: D;
  readonly options: EmitOptions;
  /**
   * `pending`: no result yet, for example while the broker is down. `dropped`: the data does not match its class, and
   * `invalidEvents` is `drop`.
   */
  readonly outcome: 'pending' | 'published' | 'dropped' | 'rejected';
  /** Set once the event is published. */
  readonly event?: EmittedEvent;
  /** Set if the event was rejected. */
  readonly error?: Error;
}

/** Number of emits in the message of a failure, and characters of each. */
const SHOWN = 20;
const SHOWN_CHARACTERS = 300;

/** Records every `emit` of the application, in order. */
export class EmitRecorder {
  private entries: { record: RecordedEmit }[] = [];
  private readonly signal = new Signal();

  record({ channel, data, options, result }: EmitAttempt): void {
    const entry: { record: RecordedEmit } = { record: { channel, data: copyOf(data), options, outcome: 'pending' } };
    this.entries.push(entry);
    const settle = (more: Pick<RecordedEmit, 'outcome' | 'event' | 'error'>): void => {
      entry.record = { ...entry.record, ...more }; // a new object, so that records a test already holds do not change
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

  /** @throws with the list of emits */
  async expect(channel: string, matcher: unknown, patienceMs: number): Promise<RecordedEmit> {
    await this.signal.until(() => this.find(channel, matcher).length > 0, patienceMs);
    const [found] = this.find(channel, matcher);
    if (found !== undefined) return found;
    throw new Error(`Expected an emit to ${channel}${describeMatcher(matcher)}. ${this.transcript()}`);
  }

  clear(): void {
    this.entries = [];
  }

  /** Lists the emits to a channel, or to all channels, for the message of a failure. */
  transcript(channel?: string): string {
    const found = this.find(channel, undefined);
    const where = channel === undefined ? '' : ` to ${channel}`;
    if (found.length === 0) return `The application has emitted nothing${where}.`;
    return `The application has emitted${where}:${found.slice(-SHOWN).map(lineOf).join('')}`;
  }
}

function lineOf({ channel, data, outcome, error }: RecordedEmit): string {
  const why = error === undefined ? '' : ` (${error.message})`;
  return `\n  ${outcome}${why}: ${channel} ${textOf(data).slice(0, SHOWN_CHARACTERS)}`;
}

function copyOf(data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data)) as unknown;
  } catch {
    return data; // `emit` will reject it
  }
}

function textOf(data: unknown): string {
  try {
    return JSON.stringify(data) ?? String(data);
  } catch {
    return Object.prototype.toString.call(data);
  }
}
