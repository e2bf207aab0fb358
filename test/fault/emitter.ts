import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { PLAIN_CHANNEL } from './channels.js';
import type { EmitRecord, Outcome, RunLog } from './log.js';
import { API_KEY, type Instance } from './instance.js';
import { post } from './post.js';
import type { Random } from '../support/random.js';

/** An emit gives up after 10 s; its instance may have been frozen for some seconds before that. */
const ANSWER_MS = 25_000;

/** How fast everybody publishes: changed while they run. */
export interface Pace {
  /** Between two requests of one emitter on average, in milliseconds. */
  intervalMs: number;
  /** Events per request; 1 sends a single event, or sometimes a small batch. */
  burst: number;
  /** Bytes of ballast in each event. */
  ballast: number;
}

interface Planned {
  readonly key: string;
  readonly channel: string;
  readonly sequence: number;
}

/** The answer for one event of a request that was answered with 503. */
interface Refusal {
  readonly id?: string;
  readonly error?: { readonly mayBePublished?: boolean };
}

/**
 * Publishes over HTTP, one request after the other, and writes down what became of each event. A plain one takes what
 * comes and goes on; a careful one sends each event with an idempotency key, again and again to one instance after the
 * other, until it is acknowledged.
 */
export class Emitter {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly sequences = new Map<string, number>();
  private ended = false;

  /** @param instances where it publishes: a plain one has one, a careful one several */
  constructor(
    private readonly name: string,
    private readonly instances: readonly Instance[],
    private readonly channels: readonly string[],
    private readonly pace: Pace,
    private readonly log: RunLog,
    private readonly random: Random,
    private readonly careful: boolean,
  ) {}

  /** Resolves after `stop`, when the last emit is settled. */
  async run(): Promise<void> {
    while (!this.ended) {
      await delay(this.pace.intervalMs * this.random.between(0.5, 1.5));
      if (this.ended) break;
      if (this.careful) await this.insist(this.plan());
      else if (this.instances[0]!.up || this.random.chance(0.2)) await this.publish(this.batch());
    }
    this.agent.destroy();
  }

  stop(): void {
    this.ended = true;
  }

  private batch(): Planned[] {
    const { burst } = this.pace;
    const size = burst > 1 ? burst : this.random.chance(0.1) ? 4 : 1;
    return Array.from({ length: size }, () => this.plan());
  }

  private plan(): Planned {
    const channel = this.random.pick(this.channels);
    const sequence = (this.sequences.get(channel) ?? 0) + 1;
    this.sequences.set(channel, sequence);
    return { key: `${this.name}/${channel}/${sequence}`, channel, sequence };
  }

  private async publish(events: readonly Planned[]): Promise<void> {
    const startedAt = performance.now();
    const bodies = events.map(({ key, channel }) => ({ channel, data: this.data(key) }));
    const answer = await this.send(this.instances[0]!, bodies.length === 1 ? bodies[0] : bodies);
    if (answer.kind === 'refused') return; // nobody ever saw them
    if (answer.kind === 'broken' || answer.kind === 'late') {
      const outcome = answer.kind === 'late' ? 'unsettled' : 'unknown';
      for (const event of events) this.enter(event, startedAt, outcome);
      return;
    }
    const { status, body } = answer;
    if (status === 503) {
      const { results } = body as { readonly results?: readonly Refusal[] };
      const ofAll: Refusal = { error: body as NonNullable<Refusal['error']> };
      for (const [index, event] of events.entries()) this.enterRefusal(event, startedAt, results?.[index] ?? ofAll);
      return;
    }
    const ids = (Array.isArray(body) ? body : [body]) as { readonly id?: string }[];
    for (const [index, event] of events.entries()) {
      const id = ids[index]?.id;
      if (status !== 201 || id === undefined) {
        throw new Error(`${this.name}: POST answered ${status} ${JSON.stringify(body)}`);
      }
      this.enter(event, startedAt, 'acknowledged', id);
    }
  }

  private async insist(event: Planned): Promise<void> {
    const startedAt = performance.now();
    const body = { channel: event.channel, data: this.data(event.key), idempotencyKey: event.key };
    for (let attempt = 0; ; attempt += 1) {
      const up = this.instances.filter((instance) => instance.up);
      const answer = up.length === 0 ? null : await this.send(this.random.pick(up), body);
      if (answer?.kind === 'answered' && answer.status === 201) {
        this.enter(event, startedAt, 'acknowledged', (answer.body as { readonly id: string }).id);
        return;
      }
      if (answer?.kind === 'late') return this.enter(event, startedAt, 'unsettled');
      if (this.ended && attempt > 20) return this.enter(event, startedAt, 'unknown');
      await delay(this.random.between(50, 200));
    }
  }

  private enterRefusal(event: Planned, startedAt: number, { id, error }: Refusal): void {
    if (error === undefined) this.enter(event, startedAt, 'acknowledged', id);
    else this.enter(event, startedAt, error.mayBePublished === false ? 'notPublished' : 'rejected');
  }

  private data(key: string): object {
    return { key, ballast: 'x'.repeat(this.pace.ballast) };
  }

  private send(instance: Instance, body: unknown) {
    const options = { agent: this.agent, headers: { 'X-API-Key': API_KEY }, timeoutMs: ANSWER_MS };
    return post(`${instance.httpUrl}/realtime/events`, body, options);
  }

  private enter({ key, channel, sequence }: Planned, startedAt: number, outcome: Outcome, id?: string): void {
    const settledAt = performance.now();
    const record: EmitRecord = { key, channel, publisher: this.name, sequence, startedAt, settledAt, outcome };
    // Without history the id is of the message, and no position.
    this.log.emits.push(id === undefined || channel === PLAIN_CHANNEL ? record : { ...record, id });
  }
}
