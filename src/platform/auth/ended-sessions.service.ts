import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { RealtimeControl, safely, type Principal } from '../../realtime/index.js';
import { Database, type Statements } from '../database/database.js';

/** How long to wait before instances that could not be reached are notified again, in milliseconds. */
const RETRY_MS = 1_000;
/**
 * How long the end of all sign-ins of a user is kept, in milliseconds: 30 days, as the module keeps a revocation. Tokens of
 * `npm run token` and of other issuers can live longer than those of a sign-in.
 */
const KEPT_MS = 2_592_000_000;

/** All tokens of a user that were issued before a moment, or those of one sign-in. */
interface Ended {
  readonly kind: 'user' | 'session';
  /** The id of the user, or the `jti` of the tokens. */
  readonly subject: string;
  readonly before: Date;
  /** When the last of these tokens has ended. */
  readonly until: Date;
}

/**
 * Ends sign-ins before their time: tokens are refused by the API and on the WebSocket, and open connections are closed. It is
 * stored in the transaction that caused it, and read again at start: a restart makes no ended token good again.
 */
@Injectable()
export class EndedSessions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly retries = new Set<NodeJS.Timeout>();

  constructor(
    private readonly database: Database,
    private readonly control: RealtimeControl,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.database.query('delete from ended_sessions where until < now()');
    const ended = await this.database.query<Ended>('select kind, subject, before, until from ended_sessions');
    await Promise.all(ended.map((one) => this.revoke(one)));
  }

  onModuleDestroy(): void {
    for (const timer of this.retries) clearTimeout(timer);
  }

  /** Stores that all sign-ins of a user end. Call {@link endUser} once the transaction is committed. */
  async storeUser(statements: Statements, userId: string): Promise<void> {
    await this.store(statements, allOf(userId));
  }

  /** Ends all sign-ins of a user that began before now. */
  async endUser(userId: string): Promise<void> {
    await this.revoke(allOf(userId));
  }

  /** Ends the sign-in of a token: of one that names no session, all sign-ins of its user. */
  async endSession({ jti, expiresAt, user: { userId } }: Principal): Promise<void> {
    const all = allOf(userId);
    const until = new Date(Math.min(expiresAt, all.until.getTime()));
    const ended: Ended = jti === undefined ? all : { ...all, kind: 'session', subject: jti, until };
    await this.store(this.database, ended);
    await this.revoke(ended);
  }

  private async store(statements: Statements, { kind, subject, before, until }: Ended): Promise<void> {
    await statements.query(
      `insert into ended_sessions (kind, subject, before, until) values ($1, $2, $3, $4)
       on conflict (kind, subject) do update set before = excluded.before, until = greatest(ended_sessions.until, excluded.until)`,
      [kind, subject, before, until],
    );
  }

  /** Holds on this instance at once. Instances that cannot be reached now are notified again and again. */
  private async revoke(ended: Ended): Promise<void> {
    const { kind, subject, before, until } = ended;
    try {
      if (kind === 'user') await this.control.revokeUser(subject, { issuedBefore: before });
      else await this.control.revokeSession(subject, { until });
    } catch {
      const retry = safely('Ending a sign-in on other instances', () => {
        this.retries.delete(timer);
        return this.revoke(ended);
      });
      const timer = setTimeout(retry, RETRY_MS).unref();
      this.retries.add(timer);
    }
  }
}

function allOf(userId: string): Ended {
  const before = new Date();
  return { kind: 'user', subject: userId, before, until: new Date(before.getTime() + KEPT_MS) };
}
