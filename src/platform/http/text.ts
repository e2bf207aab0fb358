import { applyDecorators } from '@nestjs/common';
import { IsString, Length, Matches } from 'class-validator';

/** A NUL or a lone surrogate, which Postgres cannot store. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Returns true if Postgres can store the string. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Validates a string of `min` to `max` characters that Postgres can store. */
export const Text = (min: number, max: number): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(min, max),
    Matches(/^[^\0\p{Surrogate}]*$/u, { message: '$property must not contain NUL or a lone surrogate' }),
  );

/** Validates a {@link Text} on a single line, for names. */
export const Name = (max: number): PropertyDecorator =>
  applyDecorators(
    Text(1, max),
    Matches(/^\S(.*\S)?$/, { message: '$property must be one line without leading or trailing spaces' }),
  );
