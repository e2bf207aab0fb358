import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hashPassword } from '../auth/passwords.js';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';

const DEMO_PASSWORD = 'demo1234';

/** Who can sign in without anything being set up. They exist in development only. */
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

/** At start: the administrator that is configured, where there is no user yet, and the demo users in development. */
@Injectable()
export class FirstUsersService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly config: PlatformConfig,
  ) {}

  async onModuleInit(): Promise<void> {
    // A start in development may have left demo users in the same database, and everyone knows their password.
    if (!this.config.development) await this.database.query('delete from users where demo');
    const { firstAdmin } = this.config;
    if (firstAdmin !== null && (await this.isEmpty())) {
      await this.add({ ...firstAdmin, id: randomUUID(), name: 'Administrator', role: 'admin' }, false);
    }
    if (!this.config.development) return;
    for (const user of DEMO_USERS) {
      if (await this.isMissing(user)) await this.add(user, true);
    }
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
