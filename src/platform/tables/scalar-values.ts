import { applyDecorators } from '@nestjs/common';
import { IsObject, ValidateBy } from 'class-validator';
import { isStorable } from '../http/text.js';

/** Value of a column. */
export type Scalar = string | number | boolean | null;

/** Maximum number of columns of a row. */
export const MAX_COLUMNS = 50;
const MAX_TEXT = 10_000;
const COLUMN = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** Returns true for `{ column: value }` with 1 to 50 columns of strings, numbers, booleans or `null`. */
export function areScalarValues(values: unknown): values is Record<string, Scalar> {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return false;
  const entries = Object.entries(values);
  return entries.length >= 1 && entries.length <= MAX_COLUMNS && entries.every(([name, value]) => fits(name, value));
}

function fits(name: string, value: unknown): boolean {
  if (!COLUMN.test(name)) return false;
  if (typeof value === 'string') return value.length <= MAX_TEXT && isStorable(value);
  return value === null || typeof value === 'boolean' || typeof value === 'number';
}

/** Validates a property of a body with {@link areScalarValues}. */
export const ScalarValues = (): PropertyDecorator =>
  applyDecorators(
    IsObject(),
    ValidateBy({
      name: 'scalarValues',
      validator: {
        validate: areScalarValues,
        defaultMessage: () =>
          `$property must have 1 to ${MAX_COLUMNS} columns (letters, digits, _) of text up to ${MAX_TEXT} characters, numbers, booleans or null`,
      },
    }),
  );
