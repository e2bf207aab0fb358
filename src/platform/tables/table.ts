import type { Scalar } from './scalar-values.js';

/** A customer's table. */
export interface Table {
  readonly name: string;
  readonly description: string;
  /** `''` for a table that was created before tables had owners: only admins can change it. */
  readonly ownerId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A row of a customer's table. */
export interface Row {
  readonly id: string;
  readonly table: string;
  readonly values: Readonly<Record<string, Scalar>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The columns of a {@link Table}. */
export const TABLE_COLUMNS =
  'name, description, owner_id as "ownerId", created_at as "createdAt", updated_at as "updatedAt"';

/** The columns of a {@link Row}. */
export const ROW_COLUMNS =
  'id, table_name as "table", row_values as "values", created_at as "createdAt", updated_at as "updatedAt"';
