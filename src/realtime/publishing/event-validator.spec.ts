import { Transform, Type } from 'class-transformer';
import { IsDate, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { dataProblems } from './event-validator.js';

class Owner {
  @IsString()
  name!: string;
}

class Project {
  @IsInt()
  size!: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => Owner)
  owner?: Owner;

  @IsOptional()
  @IsDate()
  @Type(() => Date)
  since?: Date;
}

class Broken {
  @Transform(() => {
    throw new Error('no such thing');
  })
  @IsString()
  name!: string;
}

class Undecorated {
  name!: string;
}

describe('dataProblems', () => {
  it.each<[string, unknown, string[]]>([
    ['plain data', { size: 1, owner: { name: 'Ann' } }, []],
    ['an instance', Object.assign(new Project(), { size: 1, since: new Date() }), []],
    ['a date as JSON has it', { size: 1, since: '2026-01-01T00:00:00.000Z' }, []],
    ['a field more', { size: 1, more: true }, []],
    ['a wrong field', { size: 'big' }, ['size must be an integer number']],
    ['a wrong field inside', { size: 1, owner: { name: 5 } }, ['owner.name must be a string']],
    ['a list', [{ size: 1 }], ['it must be an object']],
    ['null', null, ['it must be an object']],
    ['text', 'size', ['it must be an object']],
  ])('%s', (_what, data, problems) => expect(dataProblems(Project, data)).toEqual(problems));

  it('tells of a class that cannot take the data', () => {
    expect(dataProblems(Broken, { name: 'x' })).toEqual(['it cannot be read: no such thing']);
  });

  it('asks nothing of a class that says nothing', () => {
    expect(dataProblems(Undecorated, { other: 1 })).toEqual([]);
  });
});
