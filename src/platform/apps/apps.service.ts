import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { EventsPublisher } from '../../realtime/index.js';
import { Database, isDuplicate } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { APP_COLUMNS, type App } from './app.js';
import type { AppDto } from './app.dto.js';

/**
 * Applications. Each change is stored first, and told on `apps:*` then. Emitting is not awaited: the change stands whether
 * or not anyone can be told, the order is that of the calls, and the module logs what could not be published. `by` is the
 * id of the user who asked for it, here and in the events of the other domains.
 */
@Injectable()
export class AppsService {
  constructor(
    private readonly database: Database,
    private readonly events: EventsPublisher,
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
    const [app] = await this.write(
      `insert into apps (id, name, status, owner_id) values ($1, $2, 'created', $3) returning ${APP_COLUMNS}`,
      [randomUUID(), name, by],
    );
    void this.events.emit('apps:created', { ...app!, by });
    return app!;
  }

  async update(id: string, { name }: AppDto, by: string): Promise<App> {
    const [app] = await this.write(
      `update apps set name = $2, updated_at = now() where id = $1 returning ${APP_COLUMNS}`,
      [id, name],
    );
    if (app === undefined) throw missingApp(id);
    void this.events.emit('apps:updated', { ...app, by });
    return app;
  }

  async remove(id: string, by: string): Promise<void> {
    const [app] = await this.database.query<{ id: string; name: string }>(
      `delete from apps where id = $1 and status <> 'deploying' returning id, name`,
      [id],
    );
    if (app === undefined) {
      await this.get(id);
      throw new ConflictException('An application that is being deployed cannot be deleted');
    }
    void this.events.emit('apps:deleted', { ...app, by });
  }

  private async write(sql: string, parameters: readonly unknown[]): Promise<App[]> {
    try {
      return await this.database.query<App>(sql, parameters);
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('There is an application with this name already') : error;
    }
  }
}

export function missingApp(id: string): NotFoundException {
  return new NotFoundException(`There is no application ${id}`);
}
