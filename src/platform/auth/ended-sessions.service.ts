import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { RealtimeControl, safely, type Principal } from '../../realtime/index.js';
import { Database, type Statements } from '../database/database.js';

/** Delay before unreachable instances are notified again, in milliseconds. */
const RETRY_MS = 1_000;
/**
 * Time to keep a revocation of all sessions of a user, in milliseconds: 30 days, like the realtime module. Tokens of
 * `npm run token` and of other issuers can outlive those of a sign-in.
 */
const KEPT_MS = 2_592_000_000;

/** Revocation of the tokens of a user that were issued before a time, or of the tokens of one session. */
interface Ended {
  readonly kind: 'user' | 'session';
  /** The id of the user, or the `jti` of the tokens. */
  readonly subject: string;
  readonly before: Date;
  /** Expiry of the last of these tokens. */
  readonly until: Date;
}

/**
 * Revokes sessions: the API and the WebSocket reject their tokens, and open connections are closed. A revocation is
 * stored in the transaction that caused it and loaded at startup, so it survives a restart.
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

  /** Stores the revocation of all sessions of a user. Call {@link endUser} after the transaction is committed. */
  async storeUser(statements: Statements, userId: string): Promise<void> {
    await this.store(statements, allOf(userId));
  }

  /** Revokes all sessions of a user that began before now. */
  async endUser(userId: string): Promise<void> {
    await this.revoke(allOf(userId));
  }

  /** Revokes the session of a token. If the token has no `jti`, revokes all sessions of its user. */
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

  /** Takes effect on this instance at once. Retries until all other instances are notified. */
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
