import { applyDecorators } from '@nestjs/common';
import { IsString, Length, Matches } from 'class-validator';

/** A NUL or half a surrogate pair, which Postgres cannot hold. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Whether Postgres can hold this text. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** A field of a body: text of so many characters, which Postgres can hold. */
export const Text = (min: number, max: number): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(min, max),
    Matches(/^[^\0\p{Surrogate}]*$/u, { message: '$property must not hold NUL or half a surrogate pair' }),
  );

/** {@link Text} on a single line, for names. */
export const Name = (max: number): PropertyDecorator =>
  applyDecorators(
    Text(1, max),
    Matches(/^\S(.*\S)?$/, { message: '$property must be one line, without blanks around' }),
  );
