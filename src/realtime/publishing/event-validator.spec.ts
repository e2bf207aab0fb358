import { Transform, Type } from 'class-transformer';
import { IsDate, IsInt, IsOptional, IsString, registerDecorator, ValidateNested } from 'class-validator';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
    throw new Error('a bug');
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
    ['a date as an ISO string', { size: 1, since: '2026-01-01T00:00:00.000Z' }, []],
    ['an additional field', { size: 1, more: true }, []],
    ['a wrong field', { size: 'big' }, ['size must be an integer number']],
    ['a wrong nested field', { size: 1, owner: { name: 5 } }, ['owner.name must be a string']],
    ['a list', [{ size: 1 }], ['it must be an object']],
    ['null', null, ['it must be an object']],
    ['text', 'size', ['it must be an object']],
  ])('%s', (_what, data, problems) => expect(dataProblems(Project, data)).toEqual(problems));

  it('reports an error that the class throws', () => {
    expect(dataProblems(Broken, { name: 'x' })).toEqual(['it cannot be read: a bug']);
  });

  it('accepts any data for a class without decorators', () => {
    expect(dataProblems(Undecorated, { other: 1 })).toEqual([]);
  });

  it.each([true, false])(
    'reports an asynchronous validator, declared so: %s, and survives that it rejects',
    async (declared) => {
      class Checked {
        name!: string;
      }
      const validate = (): Promise<boolean> => Promise.reject(new Error('the database is down'));
      registerDecorator({
        name: 'free',
        target: Checked,
        propertyName: 'name',
        async: declared,
        validator: { validate },
      });
      const unhandled: unknown[] = [];
      const note = (error: unknown): void => void unhandled.push(error);
      process.on('unhandledRejection', note);
      expect(dataProblems(Checked, { name: 'x' })).toEqual([
        'the class has an asynchronous validator, which `emit` cannot await: check that before',
      ]);
      await nextTurn();
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    },
  );
});
