import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../realtime/index.js';
import { Changes } from '../database/changes.js';
import { Database } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { areScalarValues, MAX_COLUMNS } from './scalar-values.js';
import type { RowDto } from './table.dto.js';
import { ROW_COLUMNS, type Row } from './table.js';
import { assertTableOwner, missingTable, TablesService } from './tables.service.js';

/**
 * Manages rows of customer tables. Each change is committed in one transaction with its `database:row_updated` event.
 */
@Injectable()
export class RowsService {
  constructor(
    private readonly database: Database,
    private readonly changes: Changes,
    private readonly tables: TablesService,
  ) {}

  async list(table: string, { limit, offset }: PageDto): Promise<Row[]> {
    await this.tables.get(table);
    return this.database.query(
      `select ${ROW_COLUMNS} from customer_rows where table_name = $1 order by created_at, id limit $2 offset $3`,
      [table, limit, offset],
    );
  }

  /** @throws ForbiddenException for a user who neither owns the table nor is an admin */
  async insert(table: string, { values }: RowDto, by: Principal): Promise<Row> {
    return this.changes.make(async (statements, emit) => {
      await assertTableOwner(statements, table, by);
      const [row] = await statements.query<Row>(
        `insert into customer_rows (id, table_name, row_values)
       select $1, name, $3::jsonb from customer_tables where name = $2 returning ${ROW_COLUMNS}`,
        [randomUUID(), table, JSON.stringify(values)],
      );
      if (row === undefined) throw missingTable(table);
      await emit('database:row_updated', { table, row, action: 'inserted', by: by.user.userId });
      return row;
    });
  }

  /**
   * @throws ForbiddenException for a user who neither owns the table nor is an admin
   * @throws BadRequestException if the row would have too many columns: each change sends the whole row to every
   * subscriber
   */
  async change(table: string, id: string, { values }: RowDto, by: Principal): Promise<Row> {
    return this.changes.make(async (statements, emit) => {
      await assertTableOwner(statements, table, by);
      const [row] = await statements.query<Row>(
        `update customer_rows set row_values = row_values || $3::jsonb, updated_at = now()
       where table_name = $1 and id = $2 returning ${ROW_COLUMNS}`,
        [table, id, JSON.stringify(values)],
      );
      if (row === undefined) throw new NotFoundException(`Row ${id} not found in ${table}`);
      if (!areScalarValues(row.values)) throw new BadRequestException(`A row can have at most ${MAX_COLUMNS} columns`);
      await emit('database:row_updated', { table, row, action: 'changed', by: by.user.userId });
      return row;
    });
  }
}
