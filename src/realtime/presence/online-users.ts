import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ClusterBus, type QuestionKind } from '../cluster/cluster-bus.js';
import type { TenantScope } from '../cluster/control/control-arguments.js';
import { DistinctCounter } from '../cluster/instances/distinct-counter.js';
import { sketchSchema } from '../cluster/instances/report-schemas.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { runSafely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { list, nullable, record, string } from '../schemas/schema.js';
import { TenantError, Tenants } from '../tenants/tenants.js';
import { userKeyOf } from '../tenants/topic.js';

/** Maximum number of users in one question. */
export const MAX_USERS = 1_000;
/** Time limit for the answers of other instances, in milliseconds. */
const ANSWER_MS = 1_000;

/** Asks which of these users are connected. With `null`: the number of connected users whose keys have this beginning. */
interface Question {
  readonly users: readonly string[] | null;
  readonly beginning: string;
}

interface Answer {
  readonly online: readonly string[];
  readonly sketch: string;
}

const userKeys = list(string({ max: 8_192 }), MAX_USERS);

const ONLINE: QuestionKind<Question, Answer> = {
  topic: '$online',
  message: record<Question>({ users: nullable(userKeys), beginning: string({ max: 1_024 }) }),
  answerTo: () => record<Answer>({ online: userKeys, sketch: sketchSchema }),
};

/** Asks all instances which users have a connection. Nothing is stored, so it costs nothing until it is called. */
@Injectable()
export class OnlineUsers implements OnApplicationBootstrap {
  private readonly tenants: Tenants;

  constructor(
    private readonly bus: ClusterBus,
    private readonly registry: ConnectionRegistry,
    options: ResolvedRealtimeOptions,
  ) {
    this.tenants = new Tenants(options);
  }

  onApplicationBootstrap(): void {
    if (this.bus.isAlone) return;
    runSafely('Listening for questions about users', () =>
      this.bus.answer(ONLINE, { answer: (question) => this.answer(question) }),
    );
  }

  /** @throws RealtimeUnavailableError, or TypeError for a wrong tenant or too many users */
  async isOnline(userIds: readonly string[], { tenant }: TenantScope): Promise<ReadonlyMap<string, boolean>> {
    if (userIds.length > MAX_USERS)
      throw new TypeError(`userIds has ${userIds.length} users: ask for ${MAX_USERS} at most`);
    const keys = new Map(userIds.map((userId) => [userId, this.userKeyOf(userId, tenant)]));
    const { answers, missing } = await this.ask({ users: [...keys.values()], beginning: '' });
    const online = new Set(answers.flatMap((answer) => answer.online));
    if (missing > 0 && ![...keys.values()].every((key) => online.has(key))) throw unanswered(missing);
    return new Map([...keys].map(([userId, key]) => [userId, online.has(key)]));
  }

  /** @throws RealtimeUnavailableError */
  async count(tenant: string | undefined): Promise<number> {
    const beginning = tenant === undefined ? '' : userKeyOf(tenant, '');
    const { answers, missing } = await this.ask({ users: null, beginning });
    if (missing > 0) throw unanswered(missing);
    return DistinctCounter.merge(answers.map(({ sketch }) => DistinctCounter.parse(sketch))).count;
  }

  private async ask(question: Question): Promise<{ answers: readonly Answer[]; missing: number }> {
    if (this.bus.isAlone) return { answers: [await this.answer(question)], missing: 0 };
    const { answers, missing, unknown } = await this.bus.ask(ONLINE, question, ANSWER_MS);
    return { answers: [...answers.values()], missing: missing.length + unknown };
  }

  private async answer({ users, beginning }: Question): Promise<Answer> {
    if (users !== null) return { online: users.filter((key) => this.registry.ofUser(key).size > 0), sketch: '' };
    const counted = await DistinctCounter.of(startingWith(this.registry.users(), beginning));
    return { online: [], sketch: counted.toString() };
  }

  private userKeyOf(userId: string, tenant: string | null | undefined): string {
    try {
      return this.tenants.userKeyOf(userId, tenant);
    } catch (error) {
      throw error instanceof TenantError ? new TypeError(`tenant ${error.message}`) : error;
    }
  }
}

function* startingWith(names: Iterable<string>, beginning: string): Iterable<string> {
  for (const name of names) if (name.startsWith(beginning)) yield name;
}

function unanswered(instances: number): RealtimeUnavailableError {
  return new RealtimeUnavailableError(
    `${instances} instance(s) did not answer which users are online: they are cut off, or ended less than a lease ago`,
  );
}
