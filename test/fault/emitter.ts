import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { PLAIN_CHANNEL } from './channels.js';
import type { EmitRecord, Outcome, RunLog } from './log.js';
import { API_KEY, type Instance } from './instance.js';
import { Pipeline } from './pipeline.js';
import { post, type Answer } from './post.js';
import type { Random } from '../support/random.js';

/**
 * Timeout for a reply, in milliseconds. An emit times out after 10 s, and its instance may have been frozen for some
 * seconds before.
 */
const ANSWER_MS = 25_000;
/** Time after its end for which a careful emitter retries its last event, in milliseconds. */
const INSISTS_MS = 15_000;
const PATH = '/realtime/events';
const HEADERS = { 'X-API-Key': API_KEY };
/** Number of requests of a hasty emitter in a row to one channel, and its maximum of pending requests. */
const IN_A_ROW = 8;
const MOST_UNDER_WAY = 64;

/** Publishing rate of all emitters; can change while they run. */
export interface Pace {
  /** Average time between two requests of one emitter, in milliseconds. */
  intervalMs: number;
  /** Events per request; 1 sends a single event, or sometimes a small batch. */
  burst: number;
  /** Padding of each event, in bytes. */
  ballast: number;
}

interface Planned {
  readonly key: string;
  readonly channel: string;
  readonly sequence: number;
}

/** Result of one event in a 503 response. */
interface Refusal {
  readonly id?: string;
  readonly error?: { readonly mayBePublished?: boolean };
}

export type Manner =
  /** Sends one request after the other, regardless of the results. */
  | 'plain'
  /**
   * While the rate is low, sends several emits to one channel without waiting for replies: their order must hold too.
   */
  | 'hasty'
  /** Sends each event with an idempotency key to one instance after the other until it is acknowledged. */
  | 'careful';

/** Publishes over HTTP and records the outcome of each event. */
export class Emitter {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly sequences = new Map<string, number>();
  private ended = false;
  private stoppedAt = Infinity;
  private readonly pipeline: Pipeline;
  private readonly underWay = new Set<Promise<void>>();

  /** @param instances instances to publish to: several for a careful emitter, one for others */
  constructor(
    private readonly name: string,
    private readonly instances: readonly Instance[],
    private readonly channels: readonly string[],
    private readonly pace: Pace,
    private readonly log: RunLog,
    private readonly random: Random,
    private readonly manner: Manner,
  ) {
    this.pipeline = new Pipeline({ port: instances[0]!.port, path: '/emit', headers: {}, timeoutMs: ANSWER_MS });
  }

  /** Resolves after `stop`, once the last emit is settled. */
  async run(): Promise<void> {
    while (!this.ended) {
      const hurries = this.manner === 'hasty' && this.pace.burst === 1;
      await delay((hurries ? IN_A_ROW : 1) * this.pace.intervalMs * this.random.between(0.5, 1.5));
      if (this.ended) break;
      if (this.manner === 'careful') await this.insist(this.plan());
      else if (!this.instances[0]!.up && !this.random.chance(0.2)) continue;
      else if (hurries) await this.hurry();
      else await this.publish(this.batch());
    }
    await Promise.all(this.underWay);
    this.agent.destroy();
    this.pipeline.close();
  }

  stop(): void {
    if (!this.ended) this.stoppedAt = performance.now();
    this.ended = true;
  }

  /** Uses a route of the test application that emits in the order of requests. */
  private async hurry(): Promise<void> {
    const channel = this.random.pick(this.channels);
    for (let count = 0; count < IN_A_ROW && this.pipeline.underWay < MOST_UNDER_WAY; count += 1) {
      const events = [this.plan(channel)];
      const startedAt = performance.now();
      const published = this.pipeline
        .post(this.bodyOf(events))
        .then((answer) => this.enterAnswer(events, startedAt, answer));
      this.underWay.add(published);
      published.then(
        () => this.underWay.delete(published),
        () => this.stop(), // `run` rejects with it
      );
      await delay(this.random.between(0, 4));
    }
  }

  private batch(): Planned[] {
    const { burst } = this.pace;
    const size = burst > 1 ? burst : this.random.chance(0.1) ? 4 : 1;
    return Array.from({ length: size }, () => this.plan());
  }

  private plan(channel = this.random.pick(this.channels)): Planned {
    const sequence = (this.sequences.get(channel) ?? 0) + 1;
    this.sequences.set(channel, sequence);
    return { key: `${this.name}/${channel}/${sequence}`, channel, sequence };
  }

  private async publish(events: readonly Planned[]): Promise<void> {
    const startedAt = performance.now();
    const answer = await this.send(this.instances[0]!, this.bodyOf(events));
    this.enterAnswer(events, startedAt, answer);
  }

  private bodyOf(events: readonly Planned[]): unknown {
    const bodies = events.map(({ key, channel }) => ({ channel, data: this.data(key) }));
    return bodies.length === 1 ? bodies[0] : bodies;
  }

  private enterAnswer(events: readonly Planned[], startedAt: number, answer: Answer): void {
    if (answer.kind === 'refused') return; // no instance received them
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
    for (;;) {
      const up = this.instances.filter((instance) => instance.up);
      const answer = up.length === 0 ? null : await this.send(this.random.pick(up), body);
      if (answer?.kind === 'answered' && answer.status === 201) {
        this.enter(event, startedAt, 'acknowledged', (answer.body as { readonly id: string }).id);
        return;
      }
      if (answer?.kind === 'late') return this.enter(event, startedAt, 'unsettled');
      if (performance.now() > this.stoppedAt + INSISTS_MS) return this.enter(event, startedAt, 'unknown');
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
    return post(`${instance.httpUrl}${PATH}`, body, { agent: this.agent, headers: HEADERS, timeoutMs: ANSWER_MS });
  }

  private enter({ key, channel, sequence }: Planned, startedAt: number, outcome: Outcome, id?: string): void {
    const settledAt = performance.now();
    const record: EmitRecord = { key, channel, publisher: this.name, sequence, startedAt, settledAt, outcome };
    // Without history the id belongs to the message and is not a position.
    this.log.emits.push(id === undefined || channel === PLAIN_CHANNEL ? record : { ...record, id });
  }
}
