import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { eventBody } from '../../protocol/index.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker } from '../broker/broker.js';
import { ClusterStatsService } from '../instances/cluster-stats.service.js';
import { InstanceDirectory } from '../instances/instance-directory.js';
import type { InstanceReport } from '../instances/instance-report.js';
import { encode } from '../schemas/schema.js';
import {
  ANSWERS,
  querySchema,
  sentAnswerSchema,
  type ClusterQueries,
  type SentQuery,
  type QueryName,
} from './cluster-queries.js';

/** Topic on which instances send queries, and the topic of each instance for answers. No client can name them. */
const QUERY_TOPIC = '$ask';
const answerTopicOf = (instance: string): string => `$answers-${instance}`;

/** Time limit for the answers of other instances, in milliseconds. */
const TIMEOUT_MS = 2_000;

/** Answers a query for this instance. */
export type QueryHandler = <T extends QueryName>(
  about: T,
  query: ClusterQueries[T]['query'],
) => Promise<ClusterQueries[T]['answer']>;

/** Answers of the instances, and the instances that did not answer. */
export interface Answers<Answer> {
  /** Answers by instance, including this one. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Last reports of the instances that did not answer in time: they are disconnected, or died a moment ago. */
  readonly unanswered: ReadonlyMap<string, InstanceReport>;
}

interface Waiting {
  readonly about: QueryName;
  readonly answers: Map<string, unknown>;
  check(): void;
}

/** Sends queries to every instance, and answers the queries of others. */
@Injectable()
export class ClusterQuery {
  private readonly waiting = new Map<string, Waiting>();
  private answer: QueryHandler | null = null;
  /** Last known reports of all live instances. */
  private known: ReadonlyMap<string, InstanceReport> = new Map();

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly directory: InstanceDirectory,
    private readonly stats: ClusterStatsService,
  ) {}

  /** Id of this instance. */
  get instanceId(): string {
    return this.directory.id;
  }

  /** Starts to answer the queries of other instances. There is one handler. */
  follow(answer: QueryHandler): void {
    this.answer = answer;
    if (this.directory.isAlone) return;
    const nothing = (): void => undefined;
    this.bridge.follow(answerTopicOf(this.instanceId), null, { event: (data) => this.onAnswer(data), reset: nothing });
    this.bridge.follow(QUERY_TOPIC, null, { event: (data) => this.onQuery(data), reset: nothing });
  }

  /** Sends a query to every live instance. Resolves when all reachable instances have answered, or after 2 s. */
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
    if (living.size > 0) this.known = living; // otherwise Redis is unavailable, and the last known instances count
    return {
      answers: answers as ReadonlyMap<string, ClusterQueries[T]['answer']>,
      unanswered: new Map([...this.known].filter(([instance]) => !answers.has(instance))),
    };
  }

  /** Collects the answers of other instances. Answers that arrive too late are left out. */
  private async collect(sentQuery: SentQuery, answers: Map<string, unknown>): Promise<void> {
    if (!this.bridge.status.up) return;
    const { id, about } = sentQuery;
    const encoded = encode(querySchema, sentQuery);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TIMEOUT_MS);
      let wanted = Infinity;
      const check = (): void => void (answers.size >= wanted && resolve());
      this.waiting.set(id, { about, answers, check });
      this.publish(QUERY_TOPIC, encoded)
        // Counted after the query was sent, so every instance that received it and still listens is included, this one
        // too.
        .then(() => this.broker.listeners(QUERY_TOPIC))
        .then((count) => {
          wanted = count;
          check();
        })
        .catch(() => resolve()); // Redis is unavailable, so only this instance answers
    });
    clearTimeout(timer);
    this.waiting.delete(id);
  }

  private async onQuery(data: unknown): Promise<void> {
    const { id, from, about, query } = querySchema.read(data, 'it');
    if (from === this.instanceId) return this.addAnswer(id, from, null); // this instance answers its own query directly
    const answer = ANSWERS[about].write((await this.answer!(about, query)) as never, 'the answer');
    const sent = encode(sentAnswerSchema, { id, instance: this.instanceId, answer });
    // The instance that waits reports a missing answer.
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
