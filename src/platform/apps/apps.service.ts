import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../realtime/index.js';
import { assertOwner } from '../auth/access.js';
import { Changes, type Emit } from '../database/changes.js';
import { Database, isDuplicate, type Statements } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { APP_COLUMNS, type App } from './app.js';
import type { AppDto } from './app.dto.js';
import { emitListed } from './application-list.js';

/** Manages applications. Each change is committed in one transaction with its `apps:*` event, and its entry in the list. */
@Injectable()
export class AppsService {
  constructor(
    private readonly database: Database,
    private readonly changes: Changes,
  ) {}

  list({ limit, offset }: PageDto): Promise<App[]> {
    return this.database.query(`select ${APP_COLUMNS} from apps order by created_at desc, id limit $1 offset $2`, [
      limit,
      offset,
    ]);
  }

  async get(id: string): Promise<App> {
    const [app] = await this.database.query<App>(`select ${APP_COLUMNS} from apps where id = $1`, [id]);
    if (app === undefined) throw missingApp(id);
    return app;
  }

  async create({ name }: AppDto, by: string): Promise<App> {
    return this.write(async (statements, emit) => {
      const [app] = await statements.query<App>(
        `insert into apps (id, name, status, owner_id) values ($1, $2, 'created', $3) returning ${APP_COLUMNS}`,
        [randomUUID(), name, by],
      );
      await emit('apps:created', { ...app!, by });
      await emitListed(statements, emit, app!.id);
      return app!;
    });
  }

  /** @throws ForbiddenException for a user who neither owns the application nor is an admin */
  async update(id: string, { name }: AppDto, by: Principal): Promise<App> {
    return this.write(async (statements, emit) => {
      await assertAppOwner(statements, id, by);
      const [app] = await statements.query<App>(
        `update apps set name = $2, updated_at = now() where id = $1 returning ${APP_COLUMNS}`,
        [id, name],
      );
      if (app === undefined) throw missingApp(id);
      await emit('apps:updated', { ...app, by: by.user.userId });
      await emitListed(statements, emit, id);
      return app;
    });
  }

  /** @throws ForbiddenException for a user who neither owns the application nor is an admin */
  async remove(id: string, by: Principal): Promise<void> {
    const removed = await this.changes.make(async (statements, emit) => {
      await assertAppOwner(statements, id, by);
      const [app] = await statements.query<{ id: string; name: string }>(
        `delete from apps where id = $1 and status <> 'deploying' returning id, name`,
        [id],
      );
      if (app === undefined) return false;
      await emit('apps:deleted', { ...app, by: by.user.userId });
      await emitListed(statements, emit, id);
      return true;
    });
    if (removed) return;
    throw new ConflictException('The application cannot be deleted while it is being deployed');
  }

  private async write(work: (statements: Statements, emit: Emit) => Promise<App>): Promise<App> {
    try {
      return await this.changes.make(work);
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('An application with this name already exists') : error;
    }
  }
}

/**
 * Locks an application's row for a change that only its owner and admins can make.
 * @throws NotFoundException or ForbiddenException
 */
export async function assertAppOwner(statements: Statements, id: string, by: Principal): Promise<void> {
  const [app] = await statements.query<Pick<App, 'ownerId'>>(
    'select owner_id as "ownerId" from apps where id = $1 for update',
    [id],
  );
  if (app === undefined) throw missingApp(id);
  assertOwner(app.ownerId, by);
}

export function missingApp(id: string): NotFoundException {
  return new NotFoundException(`Application ${id} not found`);
}
