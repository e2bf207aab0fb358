import { BadRequestException } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import type { FieldProblem } from '../../protocol/index.js';
import { validateInput } from './validate-input.js';

class Part {
  @IsInt() size!: number;
}
class Input {
  @IsString() name!: string;
  @ValidateNested() @Type(() => Part) part!: Part;
}
class Transformed {
  @Transform(({ value }) => {
    if (value === 'refuse') throw new BadRequestException('not this');
    throw new Error('a secret');
  })
  name!: string;
}

/** Returns the problems of an input. */
async function problemsOf(type: new () => object, data: unknown, maxKeys = 100): Promise<readonly FieldProblem[]> {
  try {
    await validateInput(type, data, maxKeys);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_message', message: 'The input is not valid' });
    return (error as { readonly details: readonly FieldProblem[] }).details;
  }
  throw new Error('it was accepted');
}

describe('the input of a command', () => {
  it('becomes an instance of its class', async () => {
    const input = await validateInput(Input, { name: 'a', part: { size: 1 } }, 100);
    expect(input).toBeInstanceOf(Input);
    expect(input).toEqual({ name: 'a', part: { size: 1 } });
  });

  it.each([null, undefined, 'text', 7, []])('must be an object, not %j', async (data) =>
    expect(await problemsOf(Input, data)).toEqual([{ field: 'data', message: 'must be an object' }]),
  );

  it('names each wrong field by its path, and unknown ones', async () => {
    const fields = (await problemsOf(Input, { name: 1, part: { size: 'x' }, more: 1 })).map(({ field }) => field);
    expect(fields.toSorted()).toEqual(['data.more', 'data.name', 'data.part.size']);
  });

  it('has a limited number of properties', async () => {
    expect((await problemsOf(Input, { a: 1, b: 2, c: 3 }, 2))[0]!.field).toBe('data');
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`unknown${index}`, 1]));
    expect(await problemsOf(Input, many)).toHaveLength(20);
  });

  it('shows only those errors of a transformation that are meant for clients', async () => {
    await expect(validateInput(Transformed, { name: 'refuse' }, 9)).rejects.toThrow('not this');
    expect(await problemsOf(Transformed, { name: 'x' })).toEqual([{ field: 'data', message: 'cannot be read' }]);
  });
});
