import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { EndedSessions } from '../auth/ended-sessions.service.js';
import { hashPassword } from '../auth/passwords.js';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';

const DEMO_PASSWORD = 'demo1234';

/** Users who can sign in without any setup. They exist in development only; see `PlatformConfig.demoUsers`. */
export const DEMO_USERS = [
  { id: 'demo-admin', email: 'admin@example.com', name: 'Ada Admin', role: 'admin', password: DEMO_PASSWORD },
  { id: 'demo-user', email: 'user@example.com', name: 'Uma User', role: 'user', password: DEMO_PASSWORD },
  { id: 'demo-other', email: 'other@example.com', name: 'Otto Other', role: 'user', password: DEMO_PASSWORD },
] as const;

interface FirstUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly password: string;
}

/** Runs at startup: creates the configured admin if there is no user yet, and adds or removes the demo users. */
@Injectable()
export class FirstUsersService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly config: PlatformConfig,
    private readonly ended: EndedSessions,
  ) {}

  async onModuleInit(): Promise<void> {
    if (!this.config.demoUsers) await this.removeDemoUsers();
    const { firstAdmin } = this.config;
    if (firstAdmin !== null && (await this.isEmpty())) {
      await this.add({ ...firstAdmin, id: randomUUID(), name: 'Administrator', role: 'admin' }, false);
    }
    if (!this.config.demoUsers) return;
    for (const user of DEMO_USERS) {
      if (await this.isMissing(user)) await this.add(user, true);
    }
  }

  /** An earlier start in development can have left demo users in the same database, and their passwords are public. */
  private async removeDemoUsers(): Promise<void> {
    await this.database.transaction(async (statements) => {
      const removed = await statements.query<{ id: string }>('delete from users where demo returning id');
      for (const { id } of removed) await this.ended.storeUser(statements, id); // takes effect when startup ends
    });
  }

  private async isEmpty(): Promise<boolean> {
    return (await this.database.query('select 1 from users limit 1')).length === 0;
  }

  private async isMissing({ id, email }: FirstUser): Promise<boolean> {
    const known = await this.database.query('select 1 from users where id = $1 or lower(email) = lower($2)', [
      id,
      email,
    ]);
    return known.length === 0;
  }

  private async add({ id, email, name, role, password }: FirstUser, demo: boolean): Promise<void> {
    await this.database.query(
      `insert into users (id, email, name, role, password_hash, demo) values ($1, $2, $3, $4, $5, $6)
       on conflict do nothing`,
      [id, email, name, role, await hashPassword(password), demo],
    );
  }
}
