import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { dataSchemas } from './data-schemas.js';

/** Returns the class of one of two modules that each declare a class named `Member`. */
function classesOf(module: 'rooms' | 'projects') {
  if (module === 'rooms') {
    class Member {
      @IsInt()
      seat!: number;
    }
    class RoomJoined {
      @ValidateNested()
      @Type(() => Member)
      member!: Member;
    }
    return RoomJoined;
  }
  class Member {
    @IsString()
    name!: string;
  }
  class ProjectJoined {
    @ValidateNested()
    @Type(() => Member)
    member!: Member;
  }
  return ProjectJoined;
}

describe('dataSchemas', () => {
  it('resolves a nested class by its constructor, even if another module has a class with the same name', () => {
    classesOf('rooms');
    expect(dataSchemas([classesOf('projects')])).toEqual({
      ProjectJoined: {
        type: 'object',
        properties: { member: { $ref: '#/components/schemas/Member' } },
        required: ['member'],
      },
      Member: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    });
  });
});
