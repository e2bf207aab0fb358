import { IsOptional, Matches } from 'class-validator';
import { ScalarValues, type Scalar } from './scalar-values.js';
import { Text } from '../http/text.js';

/** A table's name. */
export const TABLE_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** `POST /api/database/tables` */
export class CreateTableDto {
  @Matches(TABLE_NAME, { message: 'name must be 1 to 63 characters of a-z 0-9 _, and not begin with a digit' })
  name!: string;

  /** @default '' */
  @IsOptional()
  @Text(0, 500)
  description = '';
}

/** `PATCH /api/database/tables/:name` */
export class UpdateTableDto {
  @Text(0, 500)
  description!: string;
}

/** `POST …/rows`, and `PATCH …/rows/:id`, which keeps the columns that are not given. */
export class RowDto {
  @ScalarValues()
  values!: Record<string, Scalar>;
}
