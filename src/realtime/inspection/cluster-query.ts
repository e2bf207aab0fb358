import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { eventBody } from '../../protocol/index.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker } from '../broker/broker.js';
import { ClusterStatsService } from '../instances/cluster-stats.service.js';
import { InstanceDirectory, type InstanceReport } from '../instances/instance-directory.js';
import { encode } from '../schemas/schema.js';
import {
  ANSWERS,
  querySchema,
  sentAnswerSchema,
  type ClusterQueries,
  type SentQuery,
  type QueryName,
} from './cluster-queries.js';

/** The channel on which instances ask each other, and the one of each instance for answers; no client can name them. */
const QUERY_TOPIC = '$ask';
const answerTopicOf = (instance: string): string => `$answers-${instance}`;

/** How long the others may take to answer, in milliseconds. */
const TIMEOUT_MS = 2_000;

/** Answers one question, for this instance. */
export type QueryHandler = <T extends QueryName>(
  about: T,
  query: ClusterQueries[T]['query'],
) => Promise<ClusterQueries[T]['answer']>;

/** What the instances answered, and who did not. */
export interface Answers<Answer> {
  /** By instance, this one included. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** What those that did not answer in time said of themselves last: they are cut off, or died a moment ago. */
  readonly unanswered: ReadonlyMap<string, InstanceReport>;
}

interface Waiting {
  readonly about: QueryName;
  readonly answers: Map<string, unknown>;
  check(): void;
}

/** Asks every instance, and answers what others ask. */
@Injectable()
export class ClusterQuery {
  private readonly waiting = new Map<string, Waiting>();
  private answer: QueryHandler | null = null;
  /** What all that lived said of themselves, when that was known last. */
  private known: ReadonlyMap<string, InstanceReport> = new Map();

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly directory: InstanceDirectory,
    private readonly stats: ClusterStatsService,
  ) {}

  /** This instance, to the others. */
  get instanceId(): string {
    return this.directory.id;
  }

  /** Begins to answer the others; there is one who does. */
  follow(answer: QueryHandler): void {
    this.answer = answer;
    if (this.directory.isAlone) return;
    const nothing = (): void => undefined;
    this.bridge.follow(answerTopicOf(this.instanceId), null, { event: (data) => this.onAnswer(data), reset: nothing });
    this.bridge.follow(QUERY_TOPIC, null, { event: (data) => this.onQuery(data), reset: nothing });
  }

  /** Asks every instance that lives. Resolves once all that can be reached have answered, or after 2 s. */
  async ask<T extends QueryName>(
    about: T,
    query: ClusterQueries[T]['query'],
  ): Promise<Answers<ClusterQueries[T]['answer']>> {
    const own = this.answer!(about, query);
    if (this.directory.isAlone) return { answers: new Map([[this.instanceId, await own]]), unanswered: new Map() };
    const id = randomUUID();
    const answers = new Map<string, unknown>();
    const others = this.collect({ about, query, id, from: this.instanceId } as SentQuery, answers);
    const [mine, , living] = await Promise.all([own, others, this.stats.reports()]);
    answers.set(this.instanceId, mine);
    if (living.size > 0) this.known = living; // else Redis is unavailable, and those that were there still count
    return {
      answers: answers as ReadonlyMap<string, ClusterQueries[T]['answer']>,
      unanswered: new Map([...this.known].filter(([instance]) => !answers.has(instance))),
    };
  }

  /** Fills in the answers of the others; those that do not come in time are not there. */
  private async collect(question: SentQuery, answers: Map<string, unknown>): Promise<void> {
    if (!this.bridge.status.up) return;
    const { id, about } = question;
    const asked = encode(querySchema, question);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TIMEOUT_MS);
      let wanted = Infinity;
      const check = (): void => void (answers.size >= wanted && resolve());
      this.waiting.set(id, { about, answers, check });
      this.publish(QUERY_TOPIC, asked)
        // Counted after it was asked: whoever heard it and still listens is among them, this instance too.
        .then(() => this.broker.listeners(QUERY_TOPIC))
        .then((count) => {
          wanted = count;
          check();
        })
        .catch(() => resolve()); // Redis went away: this instance alone answers
    });
    clearTimeout(timer);
    this.waiting.delete(id);
  }

  private async onQuery(data: unknown): Promise<void> {
    const { id, from, about, query } = querySchema.read(data, 'it');
    if (from === this.instanceId) return this.addAnswer(id, from, null); // it answers itself without a detour
    const answer = ANSWERS[about].write((await this.answer!(about, query)) as never, 'the answer');
    const sent = encode(sentAnswerSchema, { id, instance: this.instanceId, answer });
    // An answer that does not arrive is reported by the instance that waits for it.
    await this.publish(answerTopicOf(from), sent).catch(() => undefined);
  }

  private onAnswer(data: unknown): void {
    const { id, instance, answer } = sentAnswerSchema.read(data, 'it');
    const about = this.waiting.get(id)?.about;
    if (about !== undefined) this.addAnswer(id, instance, ANSWERS[about].read(answer, 'the answer'));
  }

  private addAnswer(id: string, instance: string, answer: unknown): void {
    const waiting = this.waiting.get(id);
    waiting?.answers.set(instance, answer);
    waiting?.check();
  }

  private async publish(channel: string, json: string): Promise<void> {
    const body = eventBody(channel, json, new Date().toISOString());
    await this.broker.publish({ topic: channel, body, history: null, timeoutMs: TIMEOUT_MS });
  }
}
