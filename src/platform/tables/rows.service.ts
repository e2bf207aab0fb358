import { Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { EventsPublisher } from '../../realtime/index.js';
import { Database } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import type { RowDto } from './table.dto.js';
import { ROW_COLUMNS, type Row } from './table.js';
import { missingTable, TablesService } from './tables.service.js';

/** The rows of the customer's tables. Each change is stored first, and told on `database:row_updated` then. */
@Injectable()
export class RowsService {
  constructor(
    private readonly database: Database,
    private readonly events: EventsPublisher,
    private readonly tables: TablesService,
  ) {}

  async list(table: string, { limit, offset }: PageDto): Promise<Row[]> {
    await this.tables.get(table);
    return this.database.query(
      `select ${ROW_COLUMNS} from customer_rows where table_name = $1 order by created_at, id limit $2 offset $3`,
      [table, limit, offset],
    );
  }

  async insert(table: string, { values }: RowDto, by: string): Promise<Row> {
    const [row] = await this.database.query<Row>(
      `insert into customer_rows (id, table_name, row_values)
       select $1, name, $3::jsonb from customer_tables where name = $2 returning ${ROW_COLUMNS}`,
      [randomUUID(), table, JSON.stringify(values)],
    );
    if (row === undefined) throw missingTable(table);
    void this.events.emit('database:row_updated', { table, row, action: 'inserted', by });
    return row;
  }

  async change(table: string, id: string, { values }: RowDto, by: string): Promise<Row> {
    const [row] = await this.database.query<Row>(
      `update customer_rows set row_values = row_values || $3::jsonb, updated_at = now()
       where table_name = $1 and id = $2 returning ${ROW_COLUMNS}`,
      [table, id, JSON.stringify(values)],
    );
    if (row === undefined) throw new NotFoundException(`There is no row ${id} in ${table}`);
    void this.events.emit('database:row_updated', { table, row, action: 'changed', by });
    return row;
  }
}
