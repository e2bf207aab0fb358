import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { Changes } from '../database/changes.js';
import { Database, isDuplicate } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import type { CreateTableDto, UpdateTableDto } from './table.dto.js';
import { TABLE_COLUMNS, type Table } from './table.js';

/** The tables of the customer. Each change is stored together with what tells of it on `database:table_*`. */
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
      return await this.changes.make(async (statements, tell) => {
        const [table] = await statements.query<Table>(
          `insert into customer_tables (name, description) values ($1, $2) returning ${TABLE_COLUMNS}`,
          [name, description],
        );
        await tell('database:table_created', { table: name, description, by });
        return table!;
      });
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('There is a table with this name already') : error;
    }
  }

  async update(name: string, { description }: UpdateTableDto, by: string): Promise<Table> {
    return this.changes.make(async (statements, tell) => {
      const [table] = await statements.query<Table>(
        `update customer_tables set description = $2, updated_at = now() where name = $1 returning ${TABLE_COLUMNS}`,
        [name, description],
      );
      if (table === undefined) throw missingTable(name);
      await tell('database:table_updated', { table: name, description, by });
      return table;
    });
  }

  async remove(name: string, by: string): Promise<void> {
    await this.changes.make(async (statements, tell) => {
      const [table] = await statements.query('delete from customer_tables where name = $1 returning name', [name]);
      if (table === undefined) throw missingTable(name);
      await tell('database:table_deleted', { table: name, by });
    });
  }
}

export function missingTable(name: string): NotFoundException {
  return new NotFoundException(`There is no table ${name}`);
}
