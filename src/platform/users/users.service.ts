import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { EventsPublisher, type EmittedEvent, type Principal } from '../../realtime/index.js';
import { EndedSessions } from '../auth/ended-sessions.service.js';
import { hashPassword, verifyPassword } from '../auth/passwords.js';
import { Changes, type Emit } from '../database/changes.js';
import { Database, isDuplicate, type Statements } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { isStorable } from '../http/text.js';
import type { CreateUserDto, UpdateUserDto } from './user.dto.js';
import { USER_COLUMNS, type ListedUser, type UserRecord } from './user.js';

/** Manages users. Each change is committed in one transaction with its `users:*` event. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly events: EventsPublisher,
    private readonly changes: Changes,
    private readonly ended: EndedSessions,
  ) {}

  /** Returns the user with this email and password. Returns `null` if either is wrong, after the same time. */
  async authenticate(email: string, password: string): Promise<UserRecord | null> {
    const [found] = isStorable(email)
      ? await this.database.query<UserRecord & { hash: string }>(
          // A concurrent update of the user can revoke sign-ins that began before it: wait for it and use its result.
          `select ${USER_COLUMNS}, password_hash as hash from users where lower(email) = lower($1) for share`,
          [email],
        )
      : [];
    if (!(await verifyPassword(password, found?.hash ?? null)) || found === undefined) return null;
    const { hash: _, ...user } = found;
    return user;
  }

  /** Lists users. Admins see all email addresses, other users only their own. */
  async list({ limit, offset }: PageDto, { isAdmin, user: { userId } }: Principal): Promise<ListedUser[]> {
    const users = await this.database.query<UserRecord>(
      `select ${USER_COLUMNS} from users order by created_at, id limit $1 offset $2`,
      [limit, offset],
    );
    return users.map(({ email, ...user }) => ({ ...user, ...((isAdmin || user.id === userId) && { email }) }));
  }

  async create({ email, name, password, role }: CreateUserDto, by: string): Promise<UserRecord> {
    const hash = await hashPassword(password);
    return this.write(async (statements, emit) => {
      const [user] = await statements.query<UserRecord>(
        `insert into users (id, email, name, role, password_hash) values ($1, $2, $3, $4, $5) returning ${USER_COLUMNS}`,
        [randomUUID(), email, name, role, hash],
      );
      await emit('users:created', { ...user!, by });
      return user!;
    });
  }

  /**
   * Changes a user. A changed role or password ends all sessions of the user, because their tokens contain the old
   * role.
   */
  async update(id: string, { email, name, password, role }: UpdateUserDto, by: string): Promise<UserRecord> {
    const hash = password === undefined ? null : await hashPassword(password);
    let endsSessions = false;
    const updated = await this.write(async (statements, emit) => {
      const [before] = await statements.query<Pick<UserRecord, 'role'>>(
        'select role from users where id = $1 for update',
        [id],
      );
      // A demo user with a changed password becomes a regular user.
      const [user] = await statements.query<UserRecord>(
        `update users set email = coalesce($2, email), name = coalesce($3, name), role = coalesce($4, role),
           password_hash = coalesce($5, password_hash), demo = demo and $5::text is null, updated_at = now()
         where id = $1 returning ${USER_COLUMNS}`,
        [id, email ?? null, name ?? null, role ?? null, hash],
      );
      if (user === undefined) throw missing(id);
      endsSessions = hash !== null || user.role !== before?.role;
      if (endsSessions) await this.ended.storeUser(statements, id);
      await emit('users:updated', { ...user, by });
      return user;
    });
    if (endsSessions) await this.ended.endUser(id);
    return updated;
  }

  async remove(id: string, by: string): Promise<void> {
    if (id === by) throw new ConflictException('You cannot delete yourself');
    await this.changes.make(async (statements, emit) => {
      const [user] = await statements.query<{ id: string }>('delete from users where id = $1 returning id', [id]);
      if (user === undefined) throw missing(id);
      await this.ended.storeUser(statements, id);
      await emit('users:deleted', { ...user, by });
    });
    await this.ended.endUser(id);
  }

  /** Sends a message to the private channel of a user. */
  async notify(id: string, message: string, from: string): Promise<EmittedEvent> {
    const [user] = await this.database.query('select 1 from users where id = $1', [id]);
    if (user === undefined) throw missing(id);
    return this.events.emitToUser(id, { kind: 'message', message, from });
  }

  private async write(work: (statements: Statements, emit: Emit) => Promise<UserRecord>): Promise<UserRecord> {
    try {
      return await this.changes.make(work);
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('A user with this email already exists') : error;
    }
  }
}

function missing(id: string): NotFoundException {
  return new NotFoundException(`User ${id} not found`);
}
