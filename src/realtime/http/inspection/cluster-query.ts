import { Injectable } from '@nestjs/common';
import { ClusterBus } from '../../cluster/cluster-bus.js';
import type { InstanceReport } from '../../cluster/instances/instance-report.js';
import { runSafely } from '../../observability/run-safely.js';
import { QUERIES, type ClusterQueries, type NamedQuery, type QueryName } from './cluster-queries.js';

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

/** Sends queries to every instance, and answers the queries of others. */
@Injectable()
export class ClusterQuery {
  private answer: QueryHandler | null = null;

  constructor(private readonly bus: ClusterBus) {}

  /** Id of this instance. */
  get instanceId(): string {
    return this.bus.instanceId;
  }

  /** Starts to answer the queries of other instances. There is one handler. */
  follow(answer: QueryHandler): void {
    this.answer = answer;
    if (this.bus.isAlone) return;
    const handler = { answer: ({ about, query }: NamedQuery): Promise<unknown> => answer(about, query) };
    runSafely('Listening for queries', () => this.bus.answer(QUERIES, handler));
  }

  /** Sends a query to every live instance. Resolves when all reachable instances have answered, or after 2 s. */
  async ask<T extends QueryName>(
    about: T,
    query: ClusterQueries[T]['query'],
  ): Promise<Answers<ClusterQueries[T]['answer']>> {
    const answers = new Map(await this.collect({ about, query } as NamedQuery)) as Map<
      string,
      ClusterQueries[T]['answer']
    >;
    if (!answers.has(this.instanceId)) answers.set(this.instanceId, await this.answer!(about, query));
    return { answers, unanswered: new Map([...this.bus.known].filter(([instance]) => !answers.has(instance))) };
  }

  private async collect(query: NamedQuery): Promise<ReadonlyMap<string, unknown>> {
    if (this.bus.isAlone || !this.bus.isReachable) return new Map();
    try {
      return (await this.bus.ask(QUERIES, query, TIMEOUT_MS)).answers;
    } catch {
      return new Map(); // Redis is unavailable, so only this instance answers
    }
  }
}
