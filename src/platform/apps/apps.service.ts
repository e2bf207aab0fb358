import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Changes, type Tell } from '../database/changes.js';
import { Database, isDuplicate, type Statements } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { APP_COLUMNS, type App } from './app.js';
import type { AppDto } from './app.dto.js';

/** Applications. Each change is stored together with what tells of it on `apps:*`: both, or neither. */
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
    return this.write(async (statements, tell) => {
      const [app] = await statements.query<App>(
        `insert into apps (id, name, status, owner_id) values ($1, $2, 'created', $3) returning ${APP_COLUMNS}`,
        [randomUUID(), name, by],
      );
      await tell('apps:created', { ...app!, by });
      return app!;
    });
  }

  async update(id: string, { name }: AppDto, by: string): Promise<App> {
    return this.write(async (statements, tell) => {
      const [app] = await statements.query<App>(
        `update apps set name = $2, updated_at = now() where id = $1 returning ${APP_COLUMNS}`,
        [id, name],
      );
      if (app === undefined) throw missingApp(id);
      await tell('apps:updated', { ...app, by });
      return app;
    });
  }

  async remove(id: string, by: string): Promise<void> {
    const removed = await this.changes.make(async (statements, tell) => {
      const [app] = await statements.query<{ id: string; name: string }>(
        `delete from apps where id = $1 and status <> 'deploying' returning id, name`,
        [id],
      );
      if (app !== undefined) await tell('apps:deleted', { ...app, by });
      return app !== undefined;
    });
    if (removed) return;
    await this.get(id);
    throw new ConflictException('An application that is being deployed cannot be deleted');
  }

  private async write(work: (statements: Statements, tell: Tell) => Promise<App>): Promise<App> {
    try {
      return await this.changes.make(work);
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('There is an application with this name already') : error;
    }
  }
}

export function missingApp(id: string): NotFoundException {
  return new NotFoundException(`There is no application ${id}`);
}
