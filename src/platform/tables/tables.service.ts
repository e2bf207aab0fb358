import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import type { Principal } from '../../realtime/index.js';
import { assertOwner } from '../auth/access.js';
import { Changes } from '../database/changes.js';
import { Database, isDuplicate, type Statements } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import type { CreateTableDto, UpdateTableDto } from './table.dto.js';
import { TABLE_COLUMNS, type Table } from './table.js';

/** Manages customer tables. Each change is committed in one transaction with its `database:table_*` event. */
@Injectable()
export class TablesService {
  constructor(
    private readonly database: Database,
    private readonly changes: Changes,
  ) {}

  list({ limit, offset }: PageDto): Promise<Table[]> {
    return this.database.query(`select ${TABLE_COLUMNS} from customer_tables order by name limit $1 offset $2`, [
      limit,
      offset,
    ]);
  }

  async get(name: string): Promise<Table> {
    const [table] = await this.database.query<Table>(`select ${TABLE_COLUMNS} from customer_tables where name = $1`, [
      name,
    ]);
    if (table === undefined) throw missingTable(name);
    return table;
  }

  async create({ name, description }: CreateTableDto, by: string): Promise<Table> {
    try {
      return await this.changes.make(async (statements, emit) => {
        const [table] = await statements.query<Table>(
          `insert into customer_tables (name, description, owner_id) values ($1, $2, $3) returning ${TABLE_COLUMNS}`,
          [name, description, by],
        );
        await emit('database:table_created', { table: name, description, by });
        return table!;
      });
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('A table with this name already exists') : error;
    }
  }

  /** @throws ForbiddenException for a user who neither owns the table nor is an admin */
  async update(name: string, { description }: UpdateTableDto, by: Principal): Promise<Table> {
    return this.changes.make(async (statements, emit) => {
      await assertTableOwner(statements, name, by);
      const [table] = await statements.query<Table>(
        `update customer_tables set description = $2, updated_at = now() where name = $1 returning ${TABLE_COLUMNS}`,
        [name, description],
      );
      if (table === undefined) throw missingTable(name);
      await emit('database:table_updated', { table: name, description, by: by.user.userId });
      return table;
    });
  }

  /** @throws ForbiddenException for a user who neither owns the table nor is an admin */
  async remove(name: string, by: Principal): Promise<void> {
    await this.changes.make(async (statements, emit) => {
      await assertTableOwner(statements, name, by);
      const [table] = await statements.query('delete from customer_tables where name = $1 returning name', [name]);
      if (table === undefined) throw missingTable(name);
      await emit('database:table_deleted', { table: name, by: by.user.userId });
    });
  }
}

/**
 * Locks a table's row for a change to the table or its rows, which only its owner and admins can make.
 * @throws NotFoundException or ForbiddenException
 */
export async function assertTableOwner(statements: Statements, name: string, by: Principal): Promise<void> {
  const [table] = await statements.query<Pick<Table, 'ownerId'>>(
    'select owner_id as "ownerId" from customer_tables where name = $1 for update',
    [name],
  );
  if (table === undefined) throw missingTable(name);
  assertOwner(table.ownerId, by);
}

export function missingTable(name: string): NotFoundException {
  return new NotFoundException(`Table ${name} not found`);
}
